//! The rules about raw text: ASCII, line ends, spaces, tabs, and notes to self.

use crate::fault::Fault;
use crate::files::SourceFile;

/// Words that mark unfinished work; written in halves, for this file is checked too.
const NOTES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

/// Refuses what is not plain text in a source file.
pub fn check(file: &SourceFile) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, line) in file.text.split('\n').enumerate() {
        for message in line_faults(line) {
            faults.push(Fault::new(&file.path, index + 1, message));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        faults.push(Fault::new(&file.path, file.text.lines().count(), "end the last line with a line feed"));
    }
    if file.text.ends_with("\n\n") {
        faults.push(Fault::new(&file.path, file.text.lines().count(), "remove the blank lines at the end"));
    }
    faults
}

fn line_faults(line: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if let Some(foreign) = line.chars().find(|c| !c.is_ascii()) {
        messages.push(format!("`{}` is not ASCII: escape it", foreign.escape_unicode()));
    }
    if line.contains('\r') {
        messages.push("carriage return: end lines with a line feed only".to_owned());
    }
    if line.contains('\t') {
        messages.push("tab: indent with spaces, escape it in strings".to_owned());
    }
    if line.ends_with(' ') {
        messages.push("trailing space: remove it".to_owned());
    }
    for note in NOTES {
        if contains_word(line, note) {
            messages.push(format!("`{note}`: do it, or leave it out"));
        }
    }
    messages
}

/// Whether `word` stands in `line` with no letter, digit or underscore on either side.
pub fn contains_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}
