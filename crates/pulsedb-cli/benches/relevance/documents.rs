//! The paragraphs of this repository's documents as memories, and prompts to an agent that works on it.

use std::fs;
use std::path::{Path, PathBuf};

use pulsedb::NewExperience;

use crate::{Asked, Memories};

/// Characters of a paragraph that says something by itself.
const LEAST: usize = 60;
const PROMPTS: &str = include_str!("prompts.txt");
/// What stands for a paragraph where there is none.
const NONE: &str = "-";

/// All prompts, asked of these paragraphs as memories.
pub(crate) fn asked(texts: &[String]) -> Asked {
    let memories = Memories::new();
    let new = |content: &String| NewExperience { content: content.clone(), ..NewExperience::default() };
    let ids: Vec<_> =
        texts.chunks(500).flat_map(|part| memories.record(part.iter().map(new).collect())).collect();
    let mut asked = Asked::default();
    for (phrase, prompt) in prompts() {
        let is_wanted = |text: &String| phrase != NONE && text.contains(phrase);
        let wanted: Vec<_> =
            texts.iter().zip(&ids).filter(|(text, _)| is_wanted(text)).map(|(_, id)| *id).collect();
        assert!(
            phrase == NONE || !wanted.is_empty(),
            "no paragraph has `{phrase}` any more; take another phrase of what answers `{prompt}`"
        );
        asked.ask(&memories, prompt, &wanted);
    }
    asked
}

/// Prompts that no memory of any kind is about.
pub(crate) fn other_prompts() -> impl Iterator<Item = &'static str> {
    prompts().filter(|(phrase, _)| *phrase == NONE).map(|(_, prompt)| prompt)
}

fn prompts() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = PROMPTS.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once(" | ").unwrap())
}

/// The paragraphs that a prompt is about: a memory that is small.
pub(crate) fn answers() -> Vec<String> {
    let is_one = |text: &String| prompts().any(|(phrase, _)| phrase != NONE && text.contains(phrase));
    paragraphs().into_iter().filter(is_one).collect()
}

/// The paragraphs and items of lists, each on one line; no tables, headings or code.
pub(crate) fn paragraphs() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let is_document = |path: &PathBuf| path.extension().is_some_and(|it| it == "md");
    let in_docs = fs::read_dir(root.join("docs")).unwrap().map(|it| it.unwrap().path());
    let at_top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(|it| root.join(it));
    let mut files: Vec<PathBuf> = in_docs.filter(is_document).chain(at_top).collect();
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        let mut text = String::new();
        let mut is_code = false;
        for line in fs::read_to_string(file).unwrap().lines().chain([""]) {
            let begins = |marks: &[&str]| marks.iter().any(|mark| line.starts_with(mark));
            is_code ^= begins(&["```"]);
            let is_left_out = is_code || begins(&["```", "|", "#", "[", "<"]);
            let is_item =
                begins(&["- "]) || line.split_once(". ").is_some_and(|(it, _)| it.parse::<u8>().is_ok());
            if line.is_empty() || is_left_out || is_item {
                texts.push(std::mem::take(&mut text));
            }
            if !is_left_out {
                text.extend([line.trim(), " "]);
            }
        }
    }
    texts.retain(|text| text.len() >= LEAST);
    texts
}
