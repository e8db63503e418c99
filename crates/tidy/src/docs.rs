//! The rule that relative links in the documents lead to files that exist.

use std::path::Path;

use crate::fault::Fault;
use crate::files::SourceFile;

/// Refuses relative links of a Markdown file that lead nowhere; `root` is the root of the repository.
pub fn check(root: &Path, file: &SourceFile) -> Vec<Fault> {
    let mut faults = Vec::new();
    let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut fenced = false;
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        for target in targets(&without_code(line)) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
                continue;
            }
            let full = match path.strip_prefix('/') {
                Some(from_root) => root.join(from_root),
                None => root.join(directory).join(path),
            };
            if !full.exists() {
                let message = format!("the link to `{path}` leads nowhere: correct or remove it");
                faults.push(Fault::new(&file.path, index + 1, message));
            }
        }
    }
    faults
}

/// The line without its code spans, whose brackets are no links.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// The targets of the links in a line: `[text](target "title")` and `[name]: target`.
fn targets(line: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for (at, _) in line.match_indices("](") {
        let rest = &line[at + 2..];
        let inside = rest.split(')').next().unwrap_or_default();
        targets.extend(inside.split_whitespace().next().map(unbracketed));
    }
    if let Some((name, target)) = line.trim_start().split_once("]: ")
        && name.starts_with('[')
        && !name.starts_with("[^")
    {
        targets.extend(target.split_whitespace().next().map(unbracketed));
    }
    targets
}

fn unbracketed(target: &str) -> String {
    target.trim_start_matches('<').trim_end_matches('>').to_owned()
}
