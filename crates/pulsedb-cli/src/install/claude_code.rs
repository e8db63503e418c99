//! The hooks of Claude Code: put into its settings, and taken out.

use anyhow::Context;
use serde_json::json;

use crate::install::document::Node;
use crate::install::servers::Command;

const HOOKS: &str = "hooks";
/// The events, and the words of the command that answers each.
const EVENTS: [(&str, &str); 5] = [
    ("SessionStart", "session-start"),
    ("UserPromptSubmit", "prompt"),
    ("PreCompact", "pre-compact"),
    ("Stop", "stop"),
    ("SessionEnd", "session-end"),
];
/// Seconds after which the program goes on without a hook.
const TIMEOUT_SECONDS: u64 = 30;

/// Puts the hooks in, in the place of earlier ones.
pub(crate) fn put(document: &mut Node, command: &Command) -> anyhow::Result<()> {
    take(document);
    let hooks = document.entry(HOOKS, Node::EMPTY).context("the settings are no object")?;
    for (event, word) in EVENTS {
        let entry = json!({ "hooks": [
            { "type": "command", "command": command.line(&["hook", word]), "timeout": TIMEOUT_SECONDS }
        ] });
        match hooks.entry(event, Node::List(Vec::new())) {
            Some(Node::List(entries)) => entries.push(entry.into()),
            _ => anyhow::bail!("`hooks.{event}` is no list"),
        }
    }
    Ok(())
}

/// Takes the hooks out, whichever program and database they name.
pub(crate) fn take(document: &mut Node) {
    let Some(hooks) = document.get_mut(HOOKS) else { return };
    for (event, word) in EVENTS {
        let Some(Node::List(entries)) = hooks.get_mut(event) else { continue };
        for entry in entries.iter_mut() {
            if let Some(Node::List(commands)) = entry.get_mut(HOOKS) {
                commands.retain(|it| !is_ours(it, word));
            }
        }
        let before = entries.len();
        entries.retain(|entry| entry.get(HOOKS).is_none_or(|commands| !commands.is_empty()));
        if entries.is_empty() && before > 0 {
            hooks.remove(event);
        }
    }
    if hooks.is_empty() {
        document.remove(HOOKS);
    }
}

fn is_ours(hook: &Node, word: &str) -> bool {
    let Some(Node::Text(line)) = hook.get("command") else { return false };
    line.contains("pulsedb") && line.ends_with(&format!(" hook {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_put_in_once_and_taken_out_without_a_trace() {
        let text = r#"{"model":"x","hooks":{"Stop":[{"hooks":[{"type":"command","command":"mine"}]}]}}"#;
        let mut document: Node = serde_json::from_str(text).unwrap();
        let before = document.clone();
        let command = Command { program: "/opt/pulsedb".into(), options: Vec::new() };
        put(&mut document, &command).unwrap();
        let once = document.clone();
        put(&mut document, &command).unwrap();
        assert_eq!(document, once);
        let written = serde_json::to_string(&document).unwrap();
        for (event, word) in EVENTS {
            assert!(written.contains(event) && written.contains(&format!("/opt/pulsedb hook {word}")));
        }
        take(&mut document);
        assert_eq!(document, before);
        let mut empty = Node::EMPTY;
        put(&mut empty, &command).unwrap();
        take(&mut empty);
        assert_eq!(empty, Node::EMPTY);
    }
}
