//! Asks the reference tokenizer what texts become, and writes it down for the tests of `pulsedb-model`.

mod characters;
mod compare;
#[path = "../../../crates/pulsedb-model/tests/it/corpus.rs"]
mod corpus;
mod fixtures;
mod place;
mod reference;

use std::process::ExitCode;

const USAGE: &str = "usage: wordpiece-reference characters | fixtures [CONVERSATIONS.jsonl] | compare FILE...
  characters  writes data/characters.txt: what the reference does with every code point
  fixtures    writes tests/fixtures: the ids of texts.jsonl, and digests of the ids of made texts (and of a file)
  compare     compares pulsedb-model with the reference on each line and the whole of each file";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["characters"] => characters::write(),
        ["fixtures"] => fixtures::write(None),
        ["fixtures", conversations] => fixtures::write(Some(conversations)),
        ["compare", files @ ..] if !files.is_empty() => return compare::files(files),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
