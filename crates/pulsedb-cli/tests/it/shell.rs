//! A directory with a database, and the command run in it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The command that is tested.
pub(crate) const PULSEDB: &str = env!("CARGO_BIN_EXE_pulsedb");

/// A working directory and a database beside it, both gone at the end.
pub(crate) struct Shell {
    directory: TempDir,
}

impl Shell {
    pub(crate) fn new() -> Self {
        let shell = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(shell.work()).unwrap();
        shell
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.directory.path().join("work")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.directory.path().join("database")
    }

    /// Writes a file below the working directory.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The command with its database, in the working directory.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        command_in(&self.work(), &self.database(), arguments)
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    pub(crate) fn run_with<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: impl AsRef<[u8]>,
    ) -> Output {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that refuses its input closes it, which is not a failure of the test.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        child.wait_with_output().unwrap()
    }

    /// Standard output of a run that must succeed.
    pub(crate) fn ok<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        text_of(&self.run(arguments))
    }

    /// The JSON document that a run prints.
    pub(crate) fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// Every experience of a collective, as `export` writes it.
    pub(crate) fn export(&self, collective: &str) -> Vec<Value> {
        let lines = self.ok(["export", "--collective", collective]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The contents of the default collective in the order of their recording.
    pub(crate) fn contents(&self) -> Vec<String> {
        self.export("default").iter().map(|it| it["content"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn command_in<S: AsRef<OsStr>>(
    work: &Path,
    database: &Path,
    arguments: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(PULSEDB);
    command.args(arguments).current_dir(work).env("PULSEDB_DB", database);
    for name in ["PULSEDB_COLLECTIVE", "PULSEDB_MAP_SIZE", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

/// Standard output of a run that succeeded.
pub(crate) fn text_of(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {stderr}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error of a run that failed with this code.
pub(crate) fn failure(output: &Output, code: i32) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    stderr
}

/// The keys of a JSON object.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}
