//! Drives the built command on databases in temporary directories.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]
#![allow(clippy::format_collect, reason = "short texts of tests are clearer than fast")]

mod chats;
mod commands;
mod documents;
mod encodings;
mod exits;
mod json_lines;
mod kill;
mod outside_vectors;
mod shell;
mod trees;
