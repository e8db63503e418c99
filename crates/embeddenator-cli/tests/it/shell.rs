//! A working directory with a tree, and the command run in it.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A working directory that is gone at the end.
pub(crate) struct Shell {
    directory: TempDir,
}

impl Shell {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    /// A directory `tree` with a long text, an edited copy of it and a note, and the engram `tree.egm` of it.
    pub(crate) fn with_engram() -> Self {
        let shell = Self::new();
        shell.write("tree/docs/long.txt", lines(2000));
        shell.write("tree/docs/copy.txt", lines(2000) + "one line more\n");
        shell.write("tree/note", "vectors index, bytes store");
        shell.ok(["ingest", "tree", "-o", "tree.egm", "--label", "first"]);
        shell
    }

    pub(crate) fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.directory.path().join(name.as_ref())
    }

    pub(crate) fn write(&self, name: impl AsRef<OsStr>, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_embeddenator"));
        command.args(arguments).current_dir(self.directory.path());
        for name in ["SOURCE_DATE_EPOCH", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of a run that must succeed.
    pub(crate) fn ok<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        text_of(&self.run(arguments))
    }

    /// The JSON document that a run prints.
    pub(crate) fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }
}

/// Text of so many lines, all different.
pub(crate) fn lines(count: u32) -> String {
    (0..count).fold(String::new(), |text, line| {
        text + &format!("line {line} of {}\n", line.wrapping_mul(2_654_435_761))
    })
}

/// Standard output of a run that succeeded and had nothing to say besides.
pub(crate) fn text_of(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {stderr}", output.status);
    assert_eq!(stderr, "");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error of a run that ended with this code.
pub(crate) fn failure(output: &Output, code: i32) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    stderr
}
