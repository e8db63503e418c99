//! The lexer under the rules knows comments, brackets and test code.

use tidy::tokens::Tokens;

use crate::repository::{assert_refused, snippet};

fn lex(text: &str) -> Tokens {
    Tokens::lex(&snippet(text)).expect("a snippet is Rust")
}

fn words(text: &str, in_test: bool) -> Vec<String> {
    let of_kind = |token: &&tidy::tokens::Token| token.in_test == in_test && token.text.starts_with("w_");
    lex(text).list.iter().filter(of_kind).map(|token| token.text.clone()).collect()
}

#[test]
fn comments_and_doc_comments_are_no_tokens() {
    let text = "//! w_a\n/// w_b\n/** w_c */\nfn w_d() {\n    //! w_e\n    // w_f\n    \"w_g\";\n}\n#[doc = \"x\"]\nfn w_h() {}\n";
    assert_eq!(words(text, false), ["w_d", "w_h"]);
}

#[test]
fn test_items_are_marked_to_their_end() {
    let text = "#[cfg(test)]\n#[allow(x)]\nmod w_a {\n    use super::{w_b};\n}\nfn w_c() {}\n\
                #[cfg(test)]\npub(crate) use a::{w_d, w_e};\nfn w_f() {}\n\
                #[cfg(all(test, unix))]\nfn w_g<A, B>() {}\n#[cfg(not(test))]\nfn w_h() {}\n\
                struct S {\n    #[cfg(test)]\n    w_i: u8,\n}\nfn w_j() {}\n";
    assert_eq!(words(text, true), ["w_a", "w_b", "w_d", "w_e", "w_g", "w_i"]);
    assert_eq!(words(text, false), ["w_c", "w_f", "w_h", "w_j"]);
}

#[test]
fn inner_test_attribute_marks_its_whole_module() {
    assert_eq!(words("#![cfg(test)]\nfn w_a() {}\nfn w_b() {}\n", true), ["w_a", "w_b"]);
    assert_eq!(words("mod m {\n    #![cfg(test)]\n    fn w_a() {}\n}\nfn w_b() {}\n", false), ["w_b"]);
}

#[test]
fn text_that_is_not_rust_is_a_fault() {
    let fault = Tokens::lex(&snippet("//! a\nfn b( {\n")).expect_err("an open bracket");
    assert_refused(&[fault], 2, "not Rust");
}
