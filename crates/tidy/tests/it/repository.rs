//! What every test here needs: the repository as it is, snippets, and the assertion over faults.

use std::path::Path;

use tidy::fault::{Fault, report};
use tidy::files::{Repository, SourceFile};
use tidy::tokens::Tokens;

/// The repository that this crate lies in.
pub(crate) fn here() -> Repository {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let repository = Repository::load(&root).expect("the repository can be read");
    assert!(repository.file("crates/tidy/tests/it/repository.rs").is_some(), "the walk missed this file");
    repository
}

/// Runs a rule over every Rust file of the repository.
pub(crate) fn over_rust(rule: impl Fn(&SourceFile, &Tokens) -> Vec<Fault>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in here().rust() {
        match Tokens::lex(file) {
            Ok(tokens) => faults.extend(rule(file, &tokens)),
            Err(fault) => faults.push(fault),
        }
    }
    faults
}

/// A file of a crate with this text.
pub(crate) fn snippet(text: &str) -> SourceFile {
    SourceFile::new("crates/sample/src/lib.rs", text)
}

/// Runs a rule over a snippet.
pub(crate) fn over_snippet(rule: impl Fn(&SourceFile, &Tokens) -> Vec<Fault>, text: &str) -> Vec<Fault> {
    let file = snippet(text);
    let tokens = Tokens::lex(&file).expect("a snippet is Rust");
    rule(&file, &tokens)
}

/// A repository of these files only.
pub(crate) fn repository_of(files: &[(&str, &str)]) -> Repository {
    let files = files.iter().map(|(path, text)| SourceFile::new(path, text)).collect();
    Repository { root: Path::new("").to_owned(), files }
}

/// Passes without faults.
#[track_caller]
pub(crate) fn assert_clean(faults: &[Fault]) {
    assert!(faults.is_empty(), "{}", report(faults));
}

/// Passes with exactly one fault, on this line, whose message has these words.
#[track_caller]
pub(crate) fn assert_refused(faults: &[Fault], line: usize, words: &str) {
    let fits = matches!(faults, [fault] if fault.line == line && fault.message.contains(words));
    assert!(fits, "expected one fault on line {line} with {words:?}, got {}", report(faults));
}
