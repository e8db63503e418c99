//! Drives a server through the clients of `rmcp`, in both eras of the protocol.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

mod connection;
mod fences;
mod hostile;
mod http;
mod news;
mod tools;
