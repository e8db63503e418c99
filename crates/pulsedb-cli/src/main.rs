//! The command `pulsedb`.
#![allow(dead_code)]

mod import;
mod json;
mod text;
mod time;

fn main() {}
