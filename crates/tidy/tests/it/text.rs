//! Sources are plain text.

use tidy::files::SourceFile;
use tidy::text::check;

use crate::repository::{assert_clean, assert_refused, here, snippet};

#[test]
fn sources_are_plain_text_without_notes_to_self() {
    let repository = here();
    let sources: Vec<&SourceFile> = repository.files.iter().filter(|file| file.is_source()).collect();
    for path in ["Cargo.toml", ".ci/run", ".github/workflows/ci.yml", "crates/tidy/src/lib.rs"] {
        assert!(sources.iter().any(|file| file.path == path), "{path} is not among the sources");
    }
    let faults: Vec<_> = sources.into_iter().flat_map(check).collect();
    assert_clean(&faults);
}

#[test]
fn foreign_character_is_refused() {
    assert_refused(&check(&snippet("//! a\nlet a = \"\u{e9}\";\n")), 2, "not ASCII");
}

#[test]
fn carriage_return_is_refused() {
    assert_refused(&check(&snippet("//! a\r\n//! b\n")), 1, "carriage return");
}

#[test]
fn tab_is_refused() {
    assert_refused(&check(&snippet("//! a\n\tlet b = 1;\n")), 2, "tab");
}

#[test]
fn trailing_space_is_refused() {
    assert_refused(&check(&snippet("//! a\nlet b = 1; \n")), 2, "trailing space");
}

#[test]
fn wrong_end_of_file_is_refused() {
    assert_refused(&check(&snippet("//! a\nlet b = 1;")), 2, "line feed");
    assert_refused(&check(&snippet("//! a\n\n")), 2, "blank lines");
}

#[test]
fn note_to_self_is_refused() {
    for note in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")] {
        assert_refused(&check(&snippet(&format!("//! a\n// {note}: later\n"))), 2, note);
        assert_clean(&check(&snippet(&format!("//! a\n// {note}S is another word\n"))));
    }
}

#[test]
fn fixtures_are_no_sources_unless_they_are_rust() {
    assert!(!SourceFile::new("crates/a/tests/fixtures/notes.toml", "").is_source());
    assert!(!SourceFile::new("crates/a/tests/fixtures/notes.md", "").is_prose());
    assert!(SourceFile::new("crates/a/tests/fixtures/notes.rs", "").is_source());
    assert!(!SourceFile::new("docs/format.md", "").is_source());
}
