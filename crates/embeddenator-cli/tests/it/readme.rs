//! The walk-through of the README, run word for word.

use std::env;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../../README.md");

#[test]
fn walk_through_of_the_readme_works() {
    let (_, walk) = README.split_once("## A walk-through").unwrap();
    let mut script = String::from("set -e\n");
    for block in walk.split("```sh\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        writeln!(script, "{block}").unwrap();
    }
    assert!(script.contains("embeddenator forget"));
    let binaries = Path::new(env!("CARGO_BIN_EXE_embeddenator")).parent().unwrap().to_owned();
    let paths = env::split_paths(&env::var_os("PATH").unwrap()).collect::<Vec<_>>();
    let paths = env::join_paths(std::iter::once(binaries).chain(paths)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    let output =
        shell.args(["-c", &script]).current_dir(directory.path()).env("PATH", paths).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("docs/numbers-old.txt"), "{stdout}");
}
