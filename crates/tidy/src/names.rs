//! Words that may not be in code: macros of unfinished work, skipped tests, names that say nothing.

use crate::fault::Fault;
use crate::files::SourceFile;
use crate::tables::MODULES_REFUSED;
use crate::tokens::Tokens;

/// Macros that stand for work not done.
const MACROS_REFUSED: &[&str] = &["todo", "unimplemented", "dbg"];

/// Words that no test's name begins with: a name is the sentence of a promise, from its subject on.
const TEST_BEGINNINGS_REFUSED: &[&str] = &["a", "an", "the", "it", "should"];

/// Refuses unfinished work, skipped tests and doc tests, names of tests that are no sentences, and modules that name
/// nothing.
pub fn check(file: &SourceFile, tokens: &Tokens) -> Vec<Fault> {
    let mut faults = unfinished(file, tokens);
    faults.extend(skipped(file, tokens));
    faults.extend(test_names(file, tokens));
    faults.extend(nameless_modules(file, tokens));
    faults
}

fn test_names(file: &SourceFile, tokens: &Tokens) -> Vec<Fault> {
    let mut faults = Vec::new();
    for at in 0..tokens.list.len() {
        if !tokens.follow(at, &["#", "[", "test", "]"]) {
            continue;
        }
        let Some(name) = tokens.find(at, &["fn"]).and_then(|found| tokens.list.get(found + 1)) else {
            continue;
        };
        let first = name.text.split('_').next().unwrap_or_default();
        if TEST_BEGINNINGS_REFUSED.contains(&first) && first != name.text {
            let message =
                format!("test `{}`: name it as the sentence that it proves, from the subject on", name.text);
            faults.push(Fault::new(&file.path, name.line, message));
        }
    }
    faults
}

fn unfinished(file: &SourceFile, tokens: &Tokens) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, token) in tokens.list.iter().enumerate() {
        if MACROS_REFUSED.iter().any(|name| token.is(name)) && tokens.is(at + 1, "!") {
            let message = format!("`{}!`: do it, or leave it out", token.text);
            faults.push(Fault::new(&file.path, token.line, message));
        }
    }
    faults
}

fn skipped(file: &SourceFile, tokens: &Tokens) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, token) in tokens.list.iter().enumerate() {
        let attribute =
            tokens.follow(at, &["#", "["]) && (tokens.is(at + 2, "ignore") || tokens.is(at + 2, "cfg_attr"));
        if attribute && (at + 2..tokens.list[at + 1].partner).any(|step| tokens.is(step, "ignore")) {
            let message = "`#[ignore]`: a test runs or does not exist; give it a bound that CI can carry";
            faults.push(Fault::new(&file.path, token.line, message));
        }
    }
    for (index, line) in file.text.lines().enumerate() {
        let comment = line.trim_start().trim_start_matches(['/', '!']).trim_start();
        let fenced = line.trim_start().starts_with("//") && comment.starts_with("```");
        if fenced && comment.contains("ignore") {
            let message = "an ignored doc test: make it compile, or write it as `text`";
            faults.push(Fault::new(&file.path, index + 1, message));
        }
    }
    faults
}

fn nameless_modules(file: &SourceFile, tokens: &Tokens) -> Vec<Fault> {
    let refuse = |line, name: &str| {
        Fault::new(&file.path, line, format!("module `{name}` names nothing: call it by what lives in it"))
    };
    let mut faults = Vec::new();
    let parts = file.path.trim_end_matches(".rs").split('/');
    // The two first parts are the directory of the crates and the crate's own name.
    for part in parts.skip(2) {
        if MODULES_REFUSED.contains(&part) {
            faults.push(refuse(1, part));
        }
    }
    for module in tokens.modules() {
        if module.body.is_some() && MODULES_REFUSED.contains(&module.name.as_str()) {
            faults.push(refuse(module.line, &module.name));
        }
    }
    faults
}
