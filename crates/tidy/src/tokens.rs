//! Rust source as a flat list of tokens, without comments and doc comments.
//!
//! A list with matched brackets is all that the rules need: they ask for words in sequence, for the brackets around
//! them and for lines. Tokens of macro calls are in the list like all others, which a syntax tree would not give.

use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::fault::Fault;
use crate::files::SourceFile;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword.
    Word,
    /// Punctuation; `::` is one token.
    Mark,
    /// An opening bracket.
    Open,
    /// A closing bracket.
    Close,
    /// A literal.
    Literal,
}

/// One token.
#[derive(Debug, Clone)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: String,
    /// Its first line, counted from 1.
    pub line: usize,
    /// Its last line.
    pub last_line: usize,
    /// The index of the other bracket, for brackets; its own index otherwise.
    pub partner: usize,
    /// Whether it belongs to an item under `#[cfg(test)]`.
    pub in_test: bool,
}

impl Token {
    /// Whether this is the word, mark or bracket `text`; never true of a literal.
    pub fn is(&self, text: &str) -> bool {
        self.kind != Kind::Literal && self.text == text
    }
}

/// A lexed file.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The tokens, in order.
    pub list: Vec<Token>,
}

impl Tokens {
    /// Lexes a file.
    ///
    /// # Errors
    /// One fault if the text is not Rust.
    pub fn lex(file: &SourceFile) -> Result<Self, Fault> {
        let stream = TokenStream::from_str(&file.text).map_err(|error| {
            Fault::new(&file.path, error.span().start().line, format!("not Rust: {error}"))
        })?;
        let lines: Vec<&str> = file.text.lines().collect();
        let mut list = Vec::new();
        flatten(stream, &lines, &mut list);
        mark_tests(&mut list);
        Ok(Self { list })
    }

    /// Whether the texts follow one another from `at` on.
    pub fn follow(&self, at: usize, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(step, text)| self.is(at + step, text))
    }

    /// Whether the token at `at` exists and is `text`.
    pub fn is(&self, at: usize, text: &str) -> bool {
        self.list.get(at).is_some_and(|token| token.is(text))
    }

    /// Whether the token at `at` exists and is a word.
    pub fn is_word(&self, at: usize) -> bool {
        self.list.get(at).is_some_and(|token| token.kind == Kind::Word)
    }

    /// The index after the token at `at`, or after its closing bracket.
    pub fn after(&self, at: usize) -> usize {
        self.list.get(at).map_or(at, |token| token.partner.max(at)) + 1
    }

    /// The index of the first of `texts` at or after `at` at the same depth, if the brackets around end later.
    pub fn find(&self, mut at: usize, texts: &[&str]) -> Option<usize> {
        while let Some(token) = self.list.get(at) {
            if texts.iter().any(|text| token.is(text)) {
                return Some(at);
            }
            if token.kind == Kind::Close {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// The modules that the file declares: name, index of the name, whether under `#[cfg(test)]`, whether inline.
    pub fn modules(&self) -> Vec<Module> {
        let mut modules = Vec::new();
        for at in 0..self.list.len() {
            let declares = self.is(at, "mod") && self.is_word(at + 1);
            if declares && (self.is(at + 2, ";") || self.is(at + 2, "{")) {
                let name = &self.list[at + 1];
                modules.push(Module {
                    name: name.text.clone(),
                    line: name.line,
                    in_test: name.in_test,
                    body: self.is(at + 2, "{").then(|| (at + 2, self.list[at + 2].partner)),
                });
            }
        }
        modules
    }
}

/// A module declaration.
#[derive(Debug, Clone)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its line.
    pub line: usize,
    /// Whether it stands under `#[cfg(test)]`.
    pub in_test: bool,
    /// The indices of its braces, if it is inline.
    pub body: Option<(usize, usize)>,
}

fn flatten(stream: TokenStream, lines: &[&str], list: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let (line, last_line) = (tree.span().start().line, tree.span().end().line);
        match tree {
            TokenTree::Group(group) => flatten_group(&group, lines, list),
            TokenTree::Ident(word) => push(list, Kind::Word, word.to_string(), line, last_line),
            TokenTree::Literal(literal) => push(list, Kind::Literal, literal.to_string(), line, last_line),
            TokenTree::Punct(mark)
                if mark.as_char() == '#' && is_comment(lines, line, mark.span().start().column) =>
            {
                // A doc comment comes as `#[doc = ".."]` or `#![doc = ".."]`; its text is not code.
                trees.next_if(|next| matches!(next, TokenTree::Punct(_)));
                trees.next();
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => {
                let second =
                    |next: &TokenTree| matches!(next, TokenTree::Punct(next) if next.as_char() == ':');
                let joined = mark.spacing() == proc_macro2::Spacing::Joint && trees.next_if(second).is_some();
                push(list, Kind::Mark, if joined { "::" } else { ":" }.to_owned(), line, last_line);
            }
            TokenTree::Punct(mark) => push(list, Kind::Mark, mark.as_char().to_string(), line, last_line),
        }
    }
}

fn flatten_group(group: &Group, lines: &[&str], list: &mut Vec<Token>) {
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    };
    let opening = list.len();
    let line = group.span_open().start().line;
    push(list, Kind::Open, open.to_owned(), line, line);
    flatten(group.stream(), lines, list);
    let closing = list.len();
    let line = group.span_close().end().line;
    push(list, Kind::Close, close.to_owned(), line, line);
    list[opening].partner = closing;
    list[closing].partner = opening;
}

fn push(list: &mut Vec<Token>, kind: Kind, text: String, line: usize, last_line: usize) {
    let partner = list.len();
    list.push(Token { kind, text, line, last_line, partner, in_test: false });
}

/// Whether the character at this place begins a comment; the lexer gives doc comments as attributes.
fn is_comment(lines: &[&str], line: usize, column: usize) -> bool {
    lines.get(line.wrapping_sub(1)).and_then(|text| text.chars().nth(column)) == Some('/')
}

/// Marks what stands under `#[cfg(test)]`, up to the end of its item, and all of a file under `#![cfg(test)]`.
fn mark_tests(list: &mut Vec<Token>) {
    let mut tokens = Tokens { list: std::mem::take(list) };
    for at in 0..tokens.list.len() {
        let inner = tokens.follow(at, &["#", "!", "["]);
        if !inner && !tokens.follow(at, &["#", "["]) {
            continue;
        }
        let open = if inner { at + 2 } else { at + 1 };
        if !is_test_condition(&tokens, open) {
            continue;
        }
        let end = if inner { enclosing_end(&tokens, at) } else { item_end(&tokens, tokens.after(open)) };
        for token in &mut tokens.list[at..end] {
            token.in_test = true;
        }
    }
    *list = tokens.list;
}

/// Whether the attribute in these brackets is `cfg` with `test`, not negated.
fn is_test_condition(tokens: &Tokens, open: usize) -> bool {
    let close = tokens.list[open].partner;
    if !tokens.is(open + 1, "cfg") {
        return false;
    }
    let words = &tokens.list[open + 1..close];
    words.iter().any(|token| token.is("test"))
        && !words.iter().any(|token| token.is("not") || token.is("any"))
}

/// The index after the item that begins at `at`: after its braces or its semicolon.
fn item_end(tokens: &Tokens, mut at: usize) -> usize {
    while tokens.is(at, "#") {
        at = tokens.after(at + 1);
    }
    let body = tokens.find(at, &[";", "{"]);
    let imports = (at..body.unwrap_or(at)).any(|step| tokens.is(step, "use"));
    let end = if imports { tokens.find(at, &[";"]) } else { body };
    end.map_or_else(|| enclosing_end(tokens, at), |end| tokens.after(end))
}

/// The index of the closing bracket around `at`, or the end of the file.
fn enclosing_end(tokens: &Tokens, mut at: usize) -> usize {
    while let Some(token) = tokens.list.get(at) {
        if token.kind == Kind::Close {
            break;
        }
        at = tokens.after(at);
    }
    at
}
