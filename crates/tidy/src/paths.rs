//! Paths as a file writes them: those of its `use` items with the names they bind, and those in its code.

use crate::tokens::{Kind, Tokens};

/// A path of at least one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenPath {
    /// The segments as they are written, with `crate`, `self` and `super`; `*` for a glob.
    pub segments: Vec<String>,
    /// The name that a `use` item binds to it; `None` for a path in code and for a glob.
    pub binds: Option<String>,
    /// In what it stands.
    pub form: Form,
    /// The names of the inline modules around it, outermost first.
    pub inline: Vec<String>,
    /// Whether nothing is around it but the file.
    pub at_top: bool,
    /// The line.
    pub line: usize,
    /// Whether it stands under `#[cfg(test)]`.
    pub in_test: bool,
}

/// In what a path stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Code.
    Code,
    /// A `use` item of the file's own.
    Use,
    /// A `use` item that is `pub`, to any degree.
    ReExport,
}

/// Every path of a file that may lead to another module of its crate, in order.
pub fn written_paths(tokens: &Tokens) -> Vec<WrittenPath> {
    let mut scan = Scan { tokens, paths: Vec::new(), inline: Vec::new() };
    let bodies: Vec<(String, usize, usize)> = tokens
        .modules()
        .into_iter()
        .filter_map(|module| module.body.map(|(open, close)| (module.name, open, close)))
        .collect();
    let mut at = 0;
    while at < tokens.list.len() {
        scan.inline.retain(|(_, end)| at < *end);
        scan.inline.extend(
            bodies.iter().filter(|(_, open, _)| *open == at).map(|(name, _, close)| (name.clone(), *close)),
        );
        at = if is_use(tokens, at) { scan.use_item(at) } else { scan.code(at) };
    }
    scan.paths
}

/// Whether a `use` item begins at `at`; `use<..>` in a type is none.
pub fn is_use(tokens: &Tokens, at: usize) -> bool {
    tokens.is(at, "use") && !tokens.is(at + 1, "<")
}

struct Scan<'a> {
    tokens: &'a Tokens,
    paths: Vec<WrittenPath>,
    /// The inline modules around the present token, and where each ends.
    inline: Vec<(String, usize)>,
}

impl Scan<'_> {
    /// Takes the `use` item at `at`, and returns the index after it.
    fn use_item(&mut self, at: usize) -> usize {
        let end = self.tokens.find(at, &[";"]).unwrap_or(at);
        // A path that begins with `::` names another crate.
        if !self.tokens.is(at + 1, "::") {
            let first = self.paths.len();
            let form = if is_exported(self.tokens, at) { Form::ReExport } else { Form::Use };
            self.tree(at + 1, &[], form);
            let at_top = self.is_at_top(at);
            for path in &mut self.paths[first..] {
                path.at_top = at_top;
            }
        }
        end + 1
    }

    /// Takes the part of a `use` item at `at`, whose segments so far are `prefix`, through its groups.
    fn tree(&mut self, mut at: usize, prefix: &[String], form: Form) {
        let start = at;
        let mut segments = prefix.to_vec();
        loop {
            if self.tokens.is(at, "{") {
                let close = self.tokens.list[at].partner;
                let mut entry = at + 1;
                while entry < close {
                    self.tree(entry, &segments, form);
                    entry = self.tokens.find(entry, &[","]).map_or(close, |comma| comma + 1);
                }
                return;
            }
            match self.tokens.list.get(at) {
                // In a group `self` is the group's module.
                Some(token) if token.is("self") && !segments.is_empty() => {}
                Some(token) if token.kind == Kind::Word || token.is("*") => segments.push(token.text.clone()),
                _ => break,
            }
            if !self.tokens.is(at + 1, "::") {
                break;
            }
            at += 2;
        }
        let renamed = self.tokens.is(at + 1, "as") && self.tokens.is_word(at + 2);
        let name = if renamed { Some(&self.tokens.list[at + 2].text) } else { segments.last() };
        let binds = name.filter(|name| *name != "*").cloned();
        self.add(start, segments, binds, form);
    }

    /// Takes the path in code that begins at `at`, if one does, and returns where to go on.
    fn code(&mut self, at: usize) -> usize {
        let begins = self.tokens.is_word(at) && self.tokens.is(at + 1, "::");
        let goes_on = at > 0 && self.tokens.is(at - 1, "::");
        if !begins || goes_on || is_visibility(self.tokens, at) {
            return at + 1;
        }
        let mut last = at;
        let mut segments = vec![self.tokens.list[at].text.clone()];
        while self.tokens.is(last + 1, "::") && self.tokens.is_word(last + 2) {
            last += 2;
            segments.push(self.tokens.list[last].text.clone());
        }
        self.add(at, segments, None, Form::Code);
        last + 1
    }

    fn add(&mut self, at: usize, segments: Vec<String>, binds: Option<String>, form: Form) {
        let Some(token) = self.tokens.list.get(at).filter(|_| !segments.is_empty()) else { return };
        self.paths.push(WrittenPath {
            segments,
            binds,
            form,
            inline: self.inline.iter().map(|(name, _)| name.clone()).collect(),
            at_top: false,
            line: token.line,
            in_test: token.in_test,
        });
    }

    /// Whether no bracket is around the token at `at`.
    fn is_at_top(&self, mut at: usize) -> bool {
        while at < self.tokens.list.len() {
            if self.tokens.list[at].kind == Kind::Close {
                return false;
            }
            at = self.tokens.after(at);
        }
        true
    }
}

/// Whether `pub` or `pub(..)` stands before the token at `at`.
fn is_exported(tokens: &Tokens, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let open = tokens.list[before].partner;
    tokens.is(before, "pub") || (tokens.is(before, ")") && open > 0 && tokens.is(open - 1, "pub"))
}

/// Whether the path at `at` is that of `pub(in path)`, which says who may look and imports nothing.
fn is_visibility(tokens: &Tokens, at: usize) -> bool {
    at > 2 && tokens.follow(at - 3, &["pub", "(", "in"])
}
