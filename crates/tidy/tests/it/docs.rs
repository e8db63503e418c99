//! Links in the documents lead somewhere.

use std::path::Path;

use tidy::docs::check;
use tidy::fault::Fault;
use tidy::files::SourceFile;

use crate::repository::{assert_clean, assert_refused, here};

#[test]
fn relative_links_lead_to_files() {
    let repository = here();
    let documents: Vec<&SourceFile> = repository.files.iter().filter(|file| file.is_prose()).collect();
    assert!(documents.iter().any(|file| file.path == "README.md"), "the walk missed the README");
    let faults: Vec<_> = documents.into_iter().flat_map(|file| check(&repository.root, file)).collect();
    assert_clean(&faults);
}

/// Checks a document that would lie beside this crate's manifest.
fn faults_of(text: &str) -> Vec<Fault> {
    check(Path::new(env!("CARGO_MANIFEST_DIR")), &SourceFile::new("notes.md", text))
}

#[test]
fn link_that_leads_nowhere_is_refused() {
    assert_refused(&faults_of("# A\n\nSee [b](src/nowhere.rs#c).\n"), 3, "src/nowhere.rs");
    assert_refused(&faults_of("[b]: /nowhere.md\n"), 1, "nowhere.md");
    assert_refused(&faults_of("[a](Cargo.toml), ![b](nowhere.png \"title\")\n"), 1, "nowhere.png");
}

#[test]
fn addresses_anchors_code_and_files_pass() {
    assert_clean(&faults_of(
        "[a](https://example.org/x) [b](#c) [d](mailto:e@example.org) [f](src/lib.rs)\n",
    ));
    assert_clean(&faults_of("```\n[a](nowhere)\n```\n`v[0](x)` [b](/Cargo.toml)\n"));
}
