//! Each Rust file begins with one sentence.

use tidy::captions::check;

use crate::repository::{assert_clean, assert_refused, here, snippet};

#[test]
fn every_rust_file_begins_with_a_caption() {
    let faults: Vec<_> = here().rust().flat_map(check).collect();
    assert_clean(&faults);
}

#[test]
fn missing_caption_is_refused() {
    assert_refused(&check(&snippet("")), 1, "begin the file");
    assert_refused(&check(&snippet("use std::fmt;\n")), 1, "begin the file");
    assert_refused(&check(&snippet("\n//! The codec of rows.\n")), 1, "begin the file");
    assert_refused(&check(&snippet("//!The codec of rows.\n")), 1, "begin the file");
}

#[test]
fn caption_without_an_end_is_refused() {
    assert_refused(&check(&snippet("//! The codec of rows\n")), 1, "full stop");
}

#[test]
fn caption_that_says_nothing_is_refused() {
    assert_refused(&check(&snippet("//! Codec.\n")), 1, "says nothing");
}

#[test]
fn caption_of_two_sentences_is_refused() {
    assert_refused(&check(&snippet("//! The codec of rows. It checks sums.\n")), 1, "second one");
    assert_clean(&check(&snippet("//! The codec, i.e. what makes rows of bytes.\n")));
}
