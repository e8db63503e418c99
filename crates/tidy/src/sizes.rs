//! The limits on a file's code lines and on a function's lines.

use std::collections::BTreeSet;

use crate::fault::Fault;
use crate::files::SourceFile;
use crate::tokens::{Kind, Tokens};

/// Code lines that a file may have: neither blank nor comment.
pub const FILE_LINES_MAX: usize = 450;

/// Lines that a function may have, from `fn` to its closing brace: a screen.
pub const FUNCTION_LINES_MAX: usize = 70;

/// Refuses a file and functions beyond their limits.
pub fn check(file: &SourceFile, tokens: &Tokens) -> Vec<Fault> {
    let mut faults = Vec::new();
    let lines = code_lines(tokens);
    if lines > FILE_LINES_MAX {
        let message = format!(
            "{lines} code lines, at most {FILE_LINES_MAX}: a file is one room, move a part to its own file"
        );
        faults.push(Fault::new(&file.path, 1, message));
    }
    for (name, line, length) in functions(tokens) {
        if length > FUNCTION_LINES_MAX {
            let message = format!(
                "`{name}` has {length} lines, at most {FUNCTION_LINES_MAX}: move its steps to functions"
            );
            faults.push(Fault::new(&file.path, line, message));
        }
    }
    faults
}

/// How many lines of a file hold code.
pub fn code_lines(tokens: &Tokens) -> usize {
    let lines: BTreeSet<usize> = tokens.list.iter().flat_map(|token| token.line..=token.last_line).collect();
    lines.len()
}

/// Every function with a body: name, line, number of lines.
fn functions(tokens: &Tokens) -> Vec<(String, usize, usize)> {
    let mut functions = Vec::new();
    for at in 0..tokens.list.len() {
        // A function type has a bracket after `fn`, a macro's function may have `$name`.
        let named = tokens.is_word(at + 1) || tokens.is(at + 1, "$");
        if !tokens.is(at, "fn") || !named {
            continue;
        }
        if let Some(open) = tokens.find(at, &["{", ";"]).filter(|&stop| tokens.list[stop].kind == Kind::Open)
        {
            let (line, last) = (tokens.list[at].line, tokens.list[tokens.list[open].partner].line);
            functions.push((tokens.list[at + 1].text.clone(), line, last - line + 1));
        }
    }
    functions
}
