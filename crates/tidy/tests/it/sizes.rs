//! Files and functions keep within their limits.

use std::fmt::Write;

use tidy::sizes::{FILE_LINES_MAX, FUNCTION_LINES_MAX, check, code_lines};
use tidy::tokens::Tokens;

use crate::repository::{assert_clean, assert_refused, over_rust, over_snippet, snippet};

#[test]
fn files_and_functions_keep_within_their_limits() {
    assert_clean(&over_rust(check));
}

#[test]
fn comments_and_blank_lines_are_no_code_lines() {
    let text = "//! a\n\n/// b\n// c\nfn d() {\n    /* e\n    f */\n\n    g(\"\n\"); // h\n}\n";
    let tokens = Tokens::lex(&snippet(text)).expect("a snippet is Rust");
    assert_eq!(code_lines(&tokens), 4);
}

#[test]
fn file_beyond_the_limit_is_refused() {
    let mut text = String::from("//! a\n");
    for index in 0..FILE_LINES_MAX {
        write!(text, "// why\nconst C{index}: u8 = 0;\n\n").expect("a string takes all");
    }
    assert_clean(&over_snippet(check, &text));
    text.push_str("const LAST: u8 = 0;\n");
    assert_refused(&over_snippet(check, &text), 1, "451 code lines");
}

#[test]
fn function_beyond_the_limit_is_refused() {
    let function = |lines: usize| {
        format!("//! a\nimpl A {{\n    fn long<T: B>(a: C) -> [u8; 2] {{\n{}}}\n}}\n", "\n".repeat(lines - 2))
    };
    assert_clean(&over_snippet(check, &function(FUNCTION_LINES_MAX)));
    assert_refused(&over_snippet(check, &function(FUNCTION_LINES_MAX + 1)), 3, "`long` has 71 lines");
}

#[test]
fn function_types_and_declarations_have_no_length() {
    let text = format!("//! a\ntrait A {{ fn b(c: fn(u8) -> u8); }}\nmod d {{{}}}\n", "\n".repeat(100));
    assert_clean(&over_snippet(check, &text));
}
