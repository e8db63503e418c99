//! The rules about manifests: edges between crates, the version table, licences, test binaries.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::fault::Fault;
use crate::files::{Repository, SourceFile};
use crate::tables::{APPLICATION_DEPENDENCIES, CRATES, CrateRow, LICENCE_OF_COMPAT, TEST_BINARIES};

/// The sections of a manifest that name dependencies, with whether only tests and benchmarks see them.
const SECTIONS: &[(&str, bool)] =
    &[("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)];

/// The workspace's own manifest.
const ROOT: &str = "Cargo.toml";

/// Refuses what breaks a rule in any manifest of the repository.
pub fn check(repository: &Repository) -> Vec<Fault> {
    let mut faults = Vec::new();
    let inherited = match inherited_licence(repository) {
        Ok(licence) => licence,
        Err(fault) => return vec![fault],
    };
    for file in repository.files.iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        match Manifest::parse(file) {
            Err(fault) => faults.push(fault),
            Ok(manifest) if file.path.starts_with("compat/") => {
                faults.extend(check_licence(&manifest, LICENCE_OF_COMPAT, &inherited));
            }
            Ok(manifest) if file.path.starts_with("crates/") || file.path == "xtask/Cargo.toml" => {
                faults.extend(check_member(&manifest, &inherited));
                faults.extend(check_test_binaries(&manifest, repository));
            }
            // The fuzz targets are a workspace of their own, with versions of their own.
            Ok(_) => {}
        }
    }
    faults
}

/// A parsed manifest.
#[derive(Debug)]
pub struct Manifest<'a> {
    file: &'a SourceFile,
    table: Table,
}

/// A dependency of a manifest.
struct Dependency {
    /// The package's name.
    package: String,
    line: usize,
    of_tests: bool,
    inherits: bool,
}

impl<'a> Manifest<'a> {
    /// Parses a manifest.
    ///
    /// # Errors
    /// One fault if it is not TOML.
    pub fn parse(file: &'a SourceFile) -> Result<Self, Fault> {
        match file.text.parse::<Table>() {
            Ok(table) => Ok(Self { file, table }),
            Err(error) => Err(Fault::new(&file.path, 1, format!("not TOML: {}", error.message()))),
        }
    }

    fn name(&self) -> &str {
        self.package("name").and_then(Value::as_str).unwrap_or_default()
    }

    fn package(&self, key: &str) -> Option<&Value> {
        self.table.get("package")?.get(key)
    }

    fn line_of(&self, key: &str) -> usize {
        let at = self.file.text.lines().position(|line| {
            let rest = line.trim_start().trim_start_matches('"').strip_prefix(key);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ' ', '=', '"']))
        });
        at.map_or(1, |index| index + 1)
    }

    fn fault(&self, key: &str, message: String) -> Fault {
        Fault::new(&self.file.path, self.line_of(key), message)
    }

    fn dependencies(&self) -> Vec<Dependency> {
        let mut tables = vec![&self.table];
        if let Some(targets) = self.table.get("target").and_then(Value::as_table) {
            tables.extend(targets.values().filter_map(Value::as_table));
        }
        let mut dependencies = Vec::new();
        for table in tables {
            for (section, of_tests) in SECTIONS {
                for (key, value) in table.get(*section).and_then(Value::as_table).into_iter().flatten() {
                    let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
                    dependencies.push(Dependency {
                        package: package.to_owned(),
                        line: self.line_of(key),
                        of_tests: *of_tests,
                        inherits: value.get("workspace").and_then(Value::as_bool) == Some(true),
                    });
                }
            }
        }
        dependencies
    }
}

/// The licence that crates get by `license.workspace = true`.
fn inherited_licence(repository: &Repository) -> Result<String, Fault> {
    let missing = || Fault::new(ROOT, 1, "the root manifest gives no `workspace.package.license`");
    let file = repository.file(ROOT).ok_or_else(missing)?;
    let manifest = Manifest::parse(file)?;
    let package = manifest.table.get("workspace").and_then(|workspace| workspace.get("package"));
    let licence = package.and_then(|package| package.get("license")).and_then(Value::as_str);
    licence.map(str::to_owned).ok_or_else(missing)
}

/// Refuses a member of the workspace that is in no row, imports beyond its row, names versions of its own or has
/// another licence than its row.
pub fn check_member(manifest: &Manifest<'_>, inherited_licence: &str) -> Vec<Fault> {
    let name = manifest.name();
    let Some(row) = CRATES.iter().find(|row| row.name == name) else {
        let message =
            format!("crate `{name}` is in no row: add it to the table in crates/tidy/src/tables.rs");
        return vec![manifest.fault("name", message)];
    };
    let mut faults = Vec::new();
    let place = if row.name == "xtask" { "xtask".to_owned() } else { format!("crates/{name}") };
    if manifest.file.path != format!("{place}/Cargo.toml") {
        faults.push(manifest.fault("name", format!("crate `{name}` lives elsewhere: move it to {place}")));
    }
    for dependency in manifest.dependencies() {
        for message in dependency_faults(row, &dependency) {
            faults.push(Fault::new(&manifest.file.path, dependency.line, message));
        }
    }
    faults.extend(check_licence(manifest, row.licence, inherited_licence));
    faults
}

fn dependency_faults(row: &CrateRow, dependency: &Dependency) -> Vec<String> {
    let mut messages = Vec::new();
    let package = dependency.package.as_str();
    let ours = CRATES.iter().any(|other| other.name == package);
    let by_tests = dependency.of_tests && row.tests_may_import.contains(&package);
    if ours && !by_tests && !row.may_import.contains(&package) {
        messages.push(format!("`{}` may not import `{package}`: the edges are in ARCHITECTURE.md", row.name));
    }
    if !row.application && !dependency.of_tests && APPLICATION_DEPENDENCIES.contains(&package) {
        messages.push(format!("`{package}` is for applications: a library's errors are typed"));
    }
    if !dependency.inherits {
        messages.push(format!(
            "`{package}` has a version of its own: write `{package}.workspace = true` and put the version in the \
             root manifest"
        ));
    }
    messages
}

fn check_licence(manifest: &Manifest<'_>, wanted: &str, inherited: &str) -> Vec<Fault> {
    let found = match manifest.package("license") {
        Some(Value::String(licence)) => licence.as_str(),
        Some(Value::Table(table)) if table.get("workspace").and_then(Value::as_bool) == Some(true) => {
            inherited
        }
        _ => "nothing",
    };
    if found == wanted {
        return Vec::new();
    }
    vec![manifest.fault("license", format!("the licence is {found}: write `license = \"{wanted}\"`"))]
}

/// Refuses integration test binaries other than `tests/it/main.rs` and those listed with a reason.
pub fn check_test_binaries(manifest: &Manifest<'_>, repository: &Repository) -> Vec<Fault> {
    let directory = manifest.file.path.trim_end_matches("Cargo.toml");
    let name = manifest.name();
    let allowed = |path: &str| path == "it/main.rs" || TEST_BINARIES.contains(&(name, path));
    let mut faults = Vec::new();
    let mut found: BTreeMap<&str, &SourceFile> = BTreeMap::new();
    for file in repository.rust() {
        let Some(inside) = file.path.strip_prefix(directory).and_then(|path| path.strip_prefix("tests/"))
        else {
            continue;
        };
        let depth = inside.split('/').count();
        if depth == 1 || (depth == 2 && inside.ends_with("/main.rs")) {
            found.insert(inside, file);
        }
    }
    for (inside, file) in found.iter().filter(|(inside, _)| !allowed(inside)) {
        let message = format!(
            "`{inside}` is a test binary of its own: make it a module of tests/it/main.rs, or list it with its \
             reason in crates/tidy/src/tables.rs"
        );
        faults.push(Fault::new(&file.path, 1, message));
    }
    for target in manifest.table.get("test").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| target.get(key).and_then(Value::as_str).unwrap_or_default();
        let fits = match text("path") {
            // Cargo looks for a target without a path where every binary is looked for above.
            "" => allowed(&format!("{}/main.rs", text("name"))) || allowed(&format!("{}.rs", text("name"))),
            path => path.strip_prefix("tests/").is_some_and(allowed),
        };
        if !fits {
            let message =
                format!("`[[test]]` named `{}`: the one test binary is tests/it/main.rs", text("name"));
            faults.push(manifest.fault("[[test]]", message));
        }
    }
    faults
}
