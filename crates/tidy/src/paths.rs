//! Paths in code: which modules of the own crate a file names, through `crate`, `super` and `use` groups.

use crate::tokens::{Kind, Tokens};

/// A path that leads to the crate's root: the segments after the root, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootPath {
    /// The segments; `*` for a glob, empty if the root itself is named.
    pub segments: Vec<String>,
    /// The line.
    pub line: usize,
    /// Whether it stands under `#[cfg(test)]`.
    pub in_test: bool,
}

/// Every path of a file that leads to the crate's root; `depth` is the number of modules that the file is below it.
pub fn root_paths(tokens: &Tokens, depth: usize) -> Vec<RootPath> {
    let mut paths = Vec::new();
    // The ends of the inline modules around the present token.
    let mut inline: Vec<usize> = Vec::new();
    let bodies: Vec<(usize, usize)> = tokens.modules().iter().filter_map(|module| module.body).collect();
    for at in 0..tokens.list.len() {
        inline.retain(|&end| at < end);
        inline.extend(bodies.iter().filter(|(open, _)| *open == at).map(|(_, close)| *close));
        let goes_on = at > 0 && tokens.is(at - 1, "::");
        if goes_on || !tokens.is(at + 1, "::") {
            continue;
        }
        if tokens.is(at, "crate") {
            collect(tokens, at + 2, &[], &mut paths);
        } else if tokens.is(at, "super") {
            climb(tokens, at, depth + inline.len(), &mut paths);
        }
    }
    paths
}

/// Every path that the `use` item at `at` names, with the name that it is bound to.
pub fn use_paths(tokens: &Tokens, at: usize) -> Vec<RootPath> {
    let mut paths = Vec::new();
    let first = if tokens.is(at + 1, "crate") || tokens.is(at + 1, "self") { at + 3 } else { at + 1 };
    collect(tokens, first, &[], &mut paths);
    paths
}

/// Follows `super::` from a place `depth` modules deep; what stays below the root is no root path.
fn climb(tokens: &Tokens, at: usize, depth: usize, paths: &mut Vec<RootPath>) {
    let (mut at, mut left) = (at, depth);
    while tokens.is(at, "super") && tokens.is(at + 1, "::") {
        left = left.saturating_sub(1);
        at += 2;
    }
    if tokens.is(at, "{") && left > 0 {
        let close = tokens.list[at].partner;
        for inner in at + 1..close {
            if tokens.is(inner, "super") && !tokens.is(inner - 1, "::") {
                climb(tokens, inner, left, paths);
            }
        }
    } else if left == 0 {
        collect(tokens, at, &[], paths);
    }
}

/// Collects the paths that begin at `at`, below `prefix`, through groups.
fn collect(tokens: &Tokens, mut at: usize, prefix: &[String], paths: &mut Vec<RootPath>) {
    let mut segments = prefix.to_vec();
    let Some(start) = tokens.list.get(at) else { return };
    let (line, in_test) = (start.line, start.in_test);
    loop {
        if tokens.is(at, "{") {
            let close = tokens.list[at].partner;
            let mut entry = at + 1;
            while entry < close {
                collect(tokens, entry, &segments, paths);
                entry = tokens.find(entry, &[","]).map_or(close, |comma| comma + 1);
            }
            return;
        }
        match tokens.list.get(at) {
            Some(token) if token.kind == Kind::Word || token.is("*") => {
                if !token.is("self") {
                    segments.push(token.text.clone());
                }
            }
            _ => break,
        }
        if !tokens.is(at + 1, "::") {
            break;
        }
        at += 2;
    }
    if tokens.is(at + 1, "as") && tokens.is_word(at + 2) {
        segments.push(tokens.list[at + 2].text.clone());
    }
    paths.push(RootPath { segments, line, in_test });
}
