//! Builds every example of the workspace and runs each without arguments.

use std::fs;
use std::io;
use std::path::Path;

use crate::command::{Failure, cargo};

/// Builds all examples, then runs those below `crates/*/examples`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    cargo(&["build", "--workspace", "--examples"], arguments)?;
    let examples = find(Path::new("crates"))
        .map_err(|error| Failure::Unmet(format!("cannot list the examples: {error}")))?;
    for (package, example) in &examples {
        cargo(&["run", "--quiet", "--package", package, "--example", example], arguments)?;
    }
    println!("{} example(s) ran", examples.len());
    Ok(())
}

/// The examples as (crate, name): `examples/<name>.rs` and `examples/<name>/main.rs`.
fn find(crates: &Path) -> io::Result<Vec<(String, String)>> {
    let mut examples = Vec::new();
    for entry in fs::read_dir(crates)? {
        let entry = entry?;
        let directory = entry.path().join("examples");
        if !directory.is_dir() {
            continue;
        }
        for example in fs::read_dir(directory)? {
            let path = example?.path();
            let is_example =
                path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").exists();
            if let Some(name) = path.file_stem().filter(|_| is_example) {
                examples.push((
                    entry.file_name().to_string_lossy().into_owned(),
                    name.to_string_lossy().into_owned(),
                ));
            }
        }
    }
    examples.sort();
    Ok(examples)
}
