//! What a test needs of the machine: where it is missing the test is skipped, unless `PULSEDB_NO_SKIP` forbids it.

use std::fmt::Display;

/// The variable that lists, with commas, what must be there: without it a test fails instead of being skipped.
const NO_SKIP: &str = "PULSEDB_NO_SKIP";

/// What can be listed, with whether the tests that need it are built on this system at all.
const NEEDS: &[(&str, bool)] = &[
    // To make a child by `fork`.
    ("fork", cfg!(target_os = "linux")),
    // To mount a small file system in memory.
    ("mount", cfg!(target_os = "linux")),
    // To mount a file system of a process; other crates of the workspace do.
    ("fuse", cfg!(target_os = "linux")),
    // To trace the system calls of a process; other crates of the workspace do.
    ("strace", cfg!(target_os = "linux")),
    // To start a process as another user.
    ("users", cfg!(unix)),
];

/// Says why a test is skipped; fails it if `need` is listed as something that must be there.
pub(crate) fn skip(need: &str, reason: impl Display) {
    assert!(!must_be_there(&listed(), need), "{NO_SKIP} lists `{need}`: {reason}");
    println!("skipped: {reason}");
}

fn listed() -> String {
    std::env::var(NO_SKIP).unwrap_or_default()
}

fn must_be_there(list: &str, need: &str) -> bool {
    list.split(',').any(|word| word.trim() == need)
}

#[test]
fn every_word_of_no_skip_is_a_need_of_tests_that_are_built_here() {
    for word in listed().split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let need = NEEDS.iter().find(|(need, _)| *need == word);
        let (_, built) =
            need.unwrap_or_else(|| panic!("{NO_SKIP} lists `{word}`, which no test needs: {NEEDS:?}"));
        assert!(built, "{NO_SKIP} lists `{word}`, but the tests that need it are not built on this system");
    }
}

#[test]
fn what_is_listed_must_be_there() {
    assert!(must_be_there("fork, mount", "mount") && must_be_there("users", "users"));
    assert!(!must_be_there("", "mount") && !must_be_there("mounts", "mount"));
}
