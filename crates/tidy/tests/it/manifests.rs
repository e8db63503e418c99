//! Crates import along the allowed edges, take versions from one table and have their licences.

use tidy::fault::Fault;
use tidy::files::SourceFile;
use tidy::manifests::{Manifest, check, check_member, check_test_binaries};

use crate::repository::{assert_clean, assert_refused, here, repository_of};

#[test]
fn manifests_keep_to_edges_versions_licences_and_one_test_binary() {
    let repository = here();
    assert!(repository.file("crates/tidy/Cargo.toml").is_some(), "the walk missed the manifests");
    assert_clean(&check(&repository));
}

/// Checks the manifest of crate `name` that ends with `rest`; `rest` begins on line 4.
fn faults_of(name: &str, rest: &str) -> Vec<Fault> {
    let text = format!("[package]\nname = \"{name}\"\nlicense.workspace = true\n{rest}");
    let file = SourceFile::new(&format!("crates/{name}/Cargo.toml"), &text);
    check_member(&Manifest::parse(&file).expect("a snippet is TOML"), "MIT")
}

#[test]
fn edge_of_the_table_passes() {
    assert_clean(&faults_of(
        "pulsedb",
        "[dependencies]\npulsedb-model.workspace = true\nheed.workspace = true\n",
    ));
}

#[test]
fn edge_outside_the_table_is_refused() {
    assert_refused(
        &faults_of("tidy", "[dependencies]\npulsedb.workspace = true\n"),
        5,
        "may not import `pulsedb`",
    );
    let by_tests = "[dev-dependencies]\npulsedb-cli = { workspace = true }\n";
    assert_refused(&faults_of("pulsedb", by_tests), 5, "may not import `pulsedb-cli`");
    let by_target =
        "[target.'cfg(unix)'.build-dependencies]\nx = { package = \"pulsedb-cli\", workspace = true }\n";
    assert_refused(&faults_of("pulsedb", by_target), 5, "may not import `pulsedb-cli`");
}

#[test]
fn crate_without_a_row_is_refused() {
    assert_refused(&faults_of("unheard-of", ""), 2, "in no row");
}

#[test]
fn crate_in_another_directory_is_refused() {
    let file = SourceFile::new("crates/other/Cargo.toml", "[package]\nname = \"tidy\"\nlicense = \"MIT\"\n");
    let manifest = Manifest::parse(&file).expect("a snippet is TOML");
    assert_refused(&check_member(&manifest, "MIT"), 2, "move it to crates/tidy");
}

#[test]
fn version_outside_the_table_is_refused() {
    assert_refused(&faults_of("tidy", "[dependencies]\ntoml = \"1\"\n"), 5, "version of its own");
    assert_refused(
        &faults_of("tidy", "[dev-dependencies]\ntoml = { version = \"1\" }\n"),
        5,
        "version of its own",
    );
    assert_refused(&faults_of("tidy", "[dependencies.toml]\nworkspace = false\n"), 1, "version of its own");
}

#[test]
fn untyped_errors_in_a_library_are_refused() {
    assert_refused(&faults_of("tidy", "[dependencies]\nanyhow.workspace = true\n"), 5, "errors are typed");
    assert_clean(&faults_of("pulsedb-cli", "[dependencies]\nanyhow.workspace = true\n"));
    assert_clean(&faults_of("tidy", "[dev-dependencies]\nanyhow.workspace = true\n"));
}

#[test]
fn wrong_licence_is_refused() {
    let faults_of_licence = |name: &str, licence: &str| {
        let path = format!("crates/{name}/Cargo.toml");
        let file = SourceFile::new(&path, &format!("[package]\nname = \"{name}\"\n{licence}\n"));
        check_member(&Manifest::parse(&file).expect("a snippet is TOML"), "MIT")
    };
    assert_refused(&faults_of_licence("pulsedb", "license = \"Apache-2.0\""), 3, "license = \"MIT\"");
    assert_refused(&faults_of_licence("pulsedb-model", "license.workspace = true"), 3, "MIT AND Apache-2.0");
    assert_refused(&faults_of_licence("embeddenator-io", "license.workspace = true"), 3, "MIT OR Apache-2.0");
    assert_refused(&faults_of_licence("tidy", "version = \"0.1.0\""), 1, "nothing");
    assert_clean(&faults_of_licence("pulsedb-model", "license = \"MIT AND Apache-2.0\""));
}

#[test]
fn licence_of_a_compatibility_crate_is_checked_outside_the_workspace() {
    let root = ("Cargo.toml", "[workspace.package]\nlicense = \"MIT\"\n");
    let compat =
        ("compat/a/Cargo.toml", "[package]\nname = \"a\"\nlicense = \"ISC\"\n[dependencies]\nb = \"1\"\n");
    assert_refused(&check(&repository_of(&[root, compat])), 3, "license = \"MIT\"");
}

#[test]
fn second_test_binary_is_refused() {
    let manifest = ("crates/tidy/Cargo.toml", "[package]\nname = \"tidy\"\n");
    let faults_of = |path: &str| {
        let repository = repository_of(&[manifest, ("crates/tidy/tests/it/main.rs", ""), (path, "")]);
        let file = repository.file(manifest.0).expect("it is in the list");
        check_test_binaries(&Manifest::parse(file).expect("a snippet is TOML"), &repository)
    };
    assert_refused(&faults_of("crates/tidy/tests/more.rs"), 1, "`more.rs` is a test binary");
    assert_refused(&faults_of("crates/tidy/tests/more/main.rs"), 1, "`more/main.rs` is a test binary");
    assert_clean(&faults_of("crates/tidy/tests/it/more.rs"));
}

#[test]
fn test_target_other_than_the_one_is_refused() {
    let faults_of = |rest: &str| {
        let text = format!("[package]\nname = \"tidy\"\n\n[[test]]\n{rest}\n");
        let file = SourceFile::new("crates/tidy/Cargo.toml", &text);
        check_test_binaries(&Manifest::parse(&file).expect("a snippet is TOML"), &repository_of(&[]))
    };
    assert_refused(&faults_of("name = \"it\"\npath = \"src/x.rs\""), 4, "[[test]]");
    assert_refused(&faults_of("name = \"x\""), 4, "[[test]]");
    assert_clean(&faults_of("name = \"it\"\nbench = false"));
    assert_clean(&faults_of("name = \"x\"\npath = \"tests/it/main.rs\""));
}
