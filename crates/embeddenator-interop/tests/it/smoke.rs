//! A program in C, compiled with the header and run, under valgrind too if it is there.

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

#[test]
fn program_in_c_works_and_leaks_nothing() {
    let place = tempfile::tempdir().expect("makes a directory");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = place.path().join("smoke");
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    run(Command::new(compiler)
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-I"])
        .arg(root.join("include"))
        .arg(root.join("tests/it/smoke.c"))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(libraries())
        .arg("-lembeddenator_interop"));
    let tree = place.path().join("tree");
    fs::create_dir_all(tree.join("docs")).expect("makes directories");
    let lines: Vec<String> = (0..4000).map(|line| format!("line {line}, {}", line * line)).collect();
    fs::write(tree.join("docs/lines"), lines.join("\n")).expect("writes");
    fs::write(tree.join("note"), "vectors index, bytes store").expect("writes");
    let under = |valgrind: bool| {
        let work = place.path().join(if valgrind { "under" } else { "plain" });
        fs::create_dir(&work).expect("makes a directory");
        let mut command = Command::new(if valgrind { "valgrind".as_ref() } else { program.as_os_str() });
        if valgrind {
            command.args([
                "--quiet",
                "--error-exitcode=9",
                "--leak-check=full",
                "--show-leak-kinds=definite",
            ]);
            command.arg("--errors-for-leak-kinds=definite").arg(&program);
        }
        command
            .arg(&tree)
            .arg(&work)
            .env("LD_LIBRARY_PATH", libraries())
            .env("DYLD_LIBRARY_PATH", libraries());
        let output = run(&mut command);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "all is well\n");
    };
    under(false);
    match Command::new("valgrind").arg("--version").output() {
        Ok(_) => under(true),
        Err(error) => println!("skipped: valgrind cannot be started: {error}"),
    }
}
