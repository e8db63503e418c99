//! Drives the built command on databases in temporary directories.

mod commands;
mod documents;
mod encodings;
mod exits;
mod json_lines;
mod kill;
mod outside_vectors;
mod shell;
mod trees;
