//! Environments of Python, by which tools come that no other registry has.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::command::{Failure, must, output};

/// The Python of the environment in a directory, which is made if it is missing.
pub(crate) fn environment(place: &Path) -> Result<PathBuf, Failure> {
    let python = place.join("bin/python");
    if !python.exists() {
        must(Command::new("python3").args(["-m", "venv"]).arg(place).stdin(Stdio::null()))?;
    }
    Ok(python)
}

/// Installs packages into an environment.
pub(crate) fn install(python: &Path, packages: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new(python);
    must(command.args(["-m", "pip", "install", "--quiet"]).args(packages).stdin(Stdio::null()))
}

/// The directory of an installed module.
pub(crate) fn directory_of(python: &Path, module: &str) -> Result<PathBuf, Failure> {
    let asked = format!("import {module}, os; print(os.path.dirname({module}.__file__))");
    Ok(PathBuf::from(output(Command::new(python).args(["-c", &asked]))?.trim()))
}
