//! The register of files that may use `unsafe`, and the notes that each use must carry.

use std::collections::BTreeSet;

use crate::fault::Fault;
use crate::files::{Repository, SourceFile};
use crate::tokens::{Kind, Tokens};

/// The file that holds the register.
pub const REGISTER: &str = "ARCHITECTURE.md";

/// The comments between which the register stands.
const BEGIN: &str = "<!-- register of unsafe: begin -->";
const END: &str = "<!-- register of unsafe: end -->";

/// Refuses a register that is not exactly the set of files that use `unsafe`.
pub fn check_register(repository: &Repository) -> Vec<Fault> {
    let Some(register) = repository.file(REGISTER) else {
        return vec![Fault::new(REGISTER, 1, "the file that holds the register of unsafe is missing")];
    };
    let listed = match read_register(register) {
        Ok(listed) => listed,
        Err(fault) => return vec![fault],
    };
    let mut faults = Vec::new();
    let mut users = BTreeSet::new();
    for file in repository.rust() {
        match Tokens::lex(file) {
            Err(fault) => faults.push(fault),
            Ok(tokens) => {
                if let Some(line) = first_use(&tokens) {
                    users.insert(file.path.as_str());
                    if !listed.iter().any(|(path, _)| *path == file.path) {
                        let message = format!("uses `unsafe`: do without it, or list the file in {REGISTER}");
                        faults.push(Fault::new(&file.path, line, message));
                    }
                }
            }
        }
    }
    for (path, line) in &listed {
        if !users.contains(path.as_str()) {
            let message = format!("`{path}` uses no `unsafe`, or does not exist: remove the row");
            faults.push(Fault::new(REGISTER, *line, message));
        }
    }
    faults
}

/// The paths of the register with their lines. A row is `` - `path`: why ``.
fn read_register(file: &SourceFile) -> Result<Vec<(String, usize)>, Fault> {
    let lines: Vec<&str> = file.text.lines().collect();
    let place = |mark: &str| lines.iter().position(|line| line.trim() == mark);
    let (Some(begin), Some(end)) = (place(BEGIN), place(END)) else {
        return Err(Fault::new(
            &file.path,
            1,
            format!("the register stands between `{BEGIN}` and `{END}`: add both"),
        ));
    };
    let mut rows = Vec::new();
    for (index, line) in lines.iter().enumerate().take(end).skip(begin + 1) {
        let Some(row) = line.strip_prefix("- `") else { continue };
        match row.split_once("`: ") {
            Some((path, why)) if !why.trim().is_empty() => rows.push((path.to_owned(), index + 1)),
            _ => return Err(Fault::new(&file.path, index + 1, "a row of the register is \"- `path`: why\"")),
        }
    }
    Ok(rows)
}

/// The line where a file first says `unsafe` or allows it; the type of an unsafe function is no use.
fn first_use(tokens: &Tokens) -> Option<usize> {
    let uses = |at| tokens.is(at, "unsafe") && !tokens.follow(at, &["unsafe", "fn", "("]);
    let found = (0..tokens.list.len()).find(|&at| uses(at) || allows_unsafe(tokens, at))?;
    Some(tokens.list[found].line)
}

fn allows_unsafe(tokens: &Tokens, at: usize) -> bool {
    let lowers = (tokens.is(at, "allow") || tokens.is(at, "expect") || tokens.is(at, "warn"))
        && tokens.is(at + 1, "(");
    lowers && (at + 2..tokens.list[at + 1].partner).any(|step| tokens.is(step, "unsafe_code"))
}

/// Refuses a use of `unsafe` without its note: `// SAFETY:` before a block, an impl or an attribute, a `# Safety`
/// section before a function or a trait.
pub fn check_notes(file: &SourceFile, tokens: &Tokens) -> Vec<Fault> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut faults = Vec::new();
    for at in 0..tokens.list.len() {
        let Some((note, message)) = note_wanted(tokens, at) else { continue };
        let line = tokens.list[at].line;
        let first = statement_line(tokens, at);
        let noted = (first..=line).filter_map(|line| lines.get(line.wrapping_sub(1))).any(|text| {
            let comment = text.split_once("//").map(|(_, comment)| comment);
            comment.is_some_and(|comment| comment.contains(note))
        });
        if !noted {
            faults.push(Fault::new(&file.path, line, message));
        }
    }
    faults
}

/// The note that the token at `at` needs, and what to say if it is missing.
fn note_wanted(tokens: &Tokens, at: usize) -> Option<(&'static str, &'static str)> {
    if !tokens.is(at, "unsafe") {
        return None;
    }
    let mut next = at + 1;
    if tokens.is(next, "extern") && !tokens.is(next + 1, "{") && !tokens.is(next + 2, "{") {
        next += 1 + usize::from(tokens.list.get(next + 1).is_some_and(|token| token.kind == Kind::Literal));
    }
    if tokens.is(next, "fn") {
        let named = tokens.is_word(next + 1) || tokens.is(next + 1, "$");
        return named.then_some((
            "# Safety",
            "unsafe fn without a `# Safety` section: say what the caller must hold",
        ));
    }
    if tokens.is(next, "trait") {
        return Some((
            "# Safety",
            "unsafe trait without a `# Safety` section: say what the implementor must hold",
        ));
    }
    Some(("SAFETY:", "`unsafe` without `// SAFETY:` above it: say why it holds here"))
}

/// The first line after the statement before the one that holds the token at `at`: notes stand from there on.
fn statement_line(tokens: &Tokens, at: usize) -> usize {
    let mut before = at;
    while let Some(step) = before.checked_sub(1) {
        let token = &tokens.list[step];
        if token.is(";") || token.is("{") || token.is("}") {
            let same_line = token.last_line == tokens.list[at].line;
            return if same_line { token.last_line } else { token.last_line + 1 };
        }
        // A closed bracket is passed over; an opening one is left outwards.
        before = if token.kind == Kind::Close { token.partner } else { step };
    }
    1
}
