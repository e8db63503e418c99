//! A program in C, compiled with the header and run; where they are, under valgrind and the address sanitizer too.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// The directory of the shared library, which Cargo builds beside the tests.
fn libraries() -> PathBuf {
    env::current_exe().expect("has a path").parent().expect("is in a directory").to_owned()
}

fn run(command: &mut Command) -> Output {
    let output = command.output().expect("starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {stdout}\n{stderr}");
    output
}

/// The compiler with all that makes the program of its source.
fn compiler(program: &Path) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    command
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-I"])
        .arg(root.join("include"))
        .arg(root.join("tests/it/smoke.c"))
        .arg("-o")
        .arg(program)
        .arg("-L")
        .arg(libraries())
        .arg("-lembeddenator_interop");
    command
}

/// Runs the program on a tree of files, with a directory of its own to work in.
fn assert_well(mut command: Command, place: &Path, work: &str) {
    let work = place.join(work);
    fs::create_dir(&work).expect("makes a directory");
    command.arg(place.join("tree")).arg(&work);
    command.env("LD_LIBRARY_PATH", libraries()).env("DYLD_LIBRARY_PATH", libraries());
    let output = run(&mut command);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "all is well\n");
}

/// A directory with a tree of files.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("makes a directory");
    let tree = place.path().join("tree");
    fs::create_dir_all(tree.join("docs")).expect("makes directories");
    let lines: Vec<String> = (0..4000).map(|line| format!("line {line}, {}", line * line)).collect();
    fs::write(tree.join("docs/lines"), lines.join("\n")).expect("writes");
    fs::write(tree.join("note"), "vectors index, bytes store").expect("writes");
    place
}

#[test]
fn program_in_c_works_and_leaks_nothing() {
    let place = place();
    let program = place.path().join("smoke");
    run(&mut compiler(&program));
    assert_well(Command::new(&program), place.path(), "plain");
    if let Err(error) = Command::new("valgrind").arg("--version").output() {
        println!("skipped: valgrind cannot be started: {error}");
        return;
    }
    let mut under = Command::new("valgrind");
    under.args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=definite"]);
    under.arg("--errors-for-leak-kinds=definite").arg(&program);
    assert_well(under, place.path(), "under");
}

/// The sanitizer stands in for the allocator of the library too: it sees what either side frees twice or never, and what the
/// program reads or writes outside of what it was given.
#[test]
fn program_in_c_has_no_error_that_the_address_sanitizer_finds() {
    let place = place();
    let program = place.path().join("smoke");
    let compiled = compiler(&program).arg("-fsanitize=address").output().expect("starts");
    if !compiled.status.success() {
        let reason = String::from_utf8_lossy(&compiled.stderr);
        println!("skipped: the compiler has no address sanitizer: {}", reason.trim());
        return;
    }
    assert_well(Command::new(&program), place.path(), "with");
}
