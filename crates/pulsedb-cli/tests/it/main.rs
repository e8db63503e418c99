//! Drives the built command on databases in temporary directories.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]
#![allow(clippy::format_collect, reason = "short texts of tests are clearer than fast")]

mod agents;
mod changes;
mod chats;
mod commands;
#[cfg(target_os = "linux")]
mod contained;
mod documents;
mod encodings;
#[cfg(unix)]
mod engrams;
mod exits;
mod hooks;
mod install;
mod json_lines;
mod keys;
mod kill;
mod known_items;
mod map_size;
mod mcp;
mod memory;
mod models;
mod outside_vectors;
mod references;
mod search;
mod served;
mod server;
mod shell;
mod swarm;
mod trees;
mod watch;
