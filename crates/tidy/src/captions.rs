//! The rule that a Rust file begins with one sentence that says what lives there.

use crate::fault::Fault;
use crate::files::SourceFile;

/// Refuses a file whose first line is not `//! ` and one sentence.
pub fn check(file: &SourceFile) -> Vec<Fault> {
    let first = file.text.lines().next().unwrap_or_default();
    let Some(caption) = first.strip_prefix("//! ") else {
        return refuse(file, "begin the file with `//! ` and one sentence that says what lives here");
    };
    if !caption.ends_with('.') {
        return refuse(file, "the caption is one sentence on the first line: end it with a full stop");
    }
    if caption.split_whitespace().count() < 3 {
        return refuse(file, "the caption says nothing: name what lives here in a sentence");
    }
    if holds_two_sentences(caption) {
        return refuse(file, "the caption is one sentence: move the second one to a paragraph of its own");
    }
    Vec::new()
}

/// A sentence's end is a word of more than one letter before a full stop and a capital after it, so that `i.e. X`
/// and `v. Y` pass.
fn holds_two_sentences(caption: &str) -> bool {
    caption.match_indices(". ").any(|(at, _)| {
        let (before, after) = (&caption[..at], &caption[at + 2..]);
        let word = before.rsplit([' ', '.']).next().unwrap_or_default();
        word.len() > 1 && after.starts_with(|c: char| c.is_ascii_uppercase())
    })
}

fn refuse(file: &SourceFile, message: &str) -> Vec<Fault> {
    vec![Fault::new(&file.path, 1, message)]
}
