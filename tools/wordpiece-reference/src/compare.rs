//! The comparison by hand: any files, line by line and whole, through both tokenizers.

use std::fs;
use std::process::ExitCode;

use pulsedb_model::Model;

use crate::reference::Reference;

/// Compares both tokenizers on each file; what differs is printed and fails.
pub fn files(paths: &[&str]) -> ExitCode {
    let (reference, model) = (Reference::of_bundled_table(), Model::bundled());
    let (mut texts, mut tokens, mut different) = (0_usize, 0_usize, 0_usize);
    for path in paths {
        let Ok(bytes) = fs::read(path) else {
            eprintln!("{path} cannot be read");
            return ExitCode::FAILURE;
        };
        let content = String::from_utf8_lossy(&bytes);
        for text in content.lines().chain([&*content]) {
            let (expected, found) = (reference.tokenize(text), model.tokenize(text));
            texts += 1;
            tokens += expected.len();
            if expected != found {
                different += 1;
                println!("{path}: {:?}", text.chars().take(200).collect::<String>());
            }
        }
    }
    println!("{texts} texts, {tokens} tokens, {different} texts differ");
    if different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
