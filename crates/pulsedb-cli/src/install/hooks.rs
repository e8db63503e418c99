//! The hooks of Claude Code and of Codex, which have one form: put into a document, and taken out.

use serde_json::Value;

use crate::install::json::Document;
use crate::install::servers::Command;

const HOOKS: &str = "hooks";
/// The events, the words of the command that answers each, and the seconds after which the program goes on without it.
/// Codex gives the last one three.
const EVENTS: [(&str, &str, u32); 5] = [
    ("SessionStart", "session-start", 30),
    ("UserPromptSubmit", "prompt", 30),
    ("PreCompact", "pre-compact", 30),
    ("Stop", "stop", 30),
    ("SessionEnd", "session-end", 3),
];

/// Whether the hooks are in, and call this command.
pub(crate) fn are_in(document: &Document, command: &Command) -> bool {
    EVENTS.into_iter().all(|(event, word, seconds)| {
        let wanted: Value = serde_json::from_str(&entry(command, word, seconds)).unwrap_or_default();
        let entries = document.get(&[HOOKS, event]);
        entries.is_some_and(|entries| entries.as_array().is_some_and(|entries| entries.contains(&wanted)))
    })
}

/// Puts the hooks into a document that has none of them.
pub(crate) fn put(document: &mut Document, command: &Command) -> anyhow::Result<()> {
    for (event, word, seconds) in EVENTS {
        let hook = entry(command, word, seconds);
        let list = |hook: &str| format!("[\n  {}\n]", hook.replace('\n', "\n  "));
        match (document.get(&[HOOKS]), document.get(&[HOOKS, event])) {
            (None, _) => {
                let list = list(&hook).replace('\n', "\n  ");
                document.put(&[], HOOKS, &format!("{{\n  \"{event}\": {list}\n}}"));
            }
            (Some(Value::Object(_)), None) => document.put(&[HOOKS], event, &list(&hook)),
            (_, Some(Value::Array(_))) => document.push(&[HOOKS, event], &hook),
            (_, Some(_)) => anyhow::bail!("`{HOOKS}.{event}` is not a list"),
            (Some(_), None) => anyhow::bail!("`{HOOKS}` is not an object"),
        }
    }
    Ok(())
}

fn entry(command: &Command, word: &str, seconds: u32) -> String {
    let line = Value::from(command.line(&["hook", word]));
    format!(
        "{{\n  \"hooks\": [\n    {{\n      \"type\": \"command\",\n      \"command\": {line},\n      \"timeout\": {seconds}\n    }}\n  ]\n}}"
    )
}

/// Takes the hooks out, whichever program and database they name. Later ones go first, as they came last.
pub(crate) fn take(document: &mut Document) {
    for (event, word, _) in EVENTS.into_iter().rev() {
        let is_ours = |entry: &Value| {
            let hooks = entry.get(HOOKS).and_then(Value::as_array);
            hooks.is_some_and(|hooks| !hooks.is_empty() && hooks.iter().all(|hook| is_hook(hook, word)))
        };
        document.take_items(&[HOOKS, event], is_ours);
    }
}

fn is_hook(hook: &Value, word: &str) -> bool {
    let Some(line) = hook.get("command").and_then(Value::as_str) else { return false };
    line.contains("pulsedb") && line.ends_with(&format!(" hook {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_put_in_once_and_taken_out_without_a_trace() {
        for text in [
            r#"{"model":"x","hooks":{"Stop":[{"hooks":[{"type":"command","command":"mine"}]}]}}"#,
            "{}\n",
            "{\n  \"hooks\": {}\n}",
            "{\n\t\"hooks\": {\n\t\t\"Stop\": [],\n\t\t\"Other\": [1]\n\t}\n}",
        ] {
            let mut document = Document::new(text).unwrap();
            let command = Command { program: "/opt/pulsedb".into(), options: Vec::new() };
            assert!(!are_in(&document, &command));
            put(&mut document, &command).unwrap();
            assert!(are_in(&document, &command));
            for (event, word, _) in EVENTS {
                let entries = document.get(&[HOOKS, event]).unwrap();
                let last = entries.as_array().unwrap().last().unwrap();
                assert_eq!(last["hooks"][0]["command"], format!("/opt/pulsedb hook {word}"));
            }
            take(&mut document);
            assert_eq!(document.into_text(), text);
        }
    }

    #[test]
    fn plugin_has_the_same_hooks() {
        let plugin = include_str!("../../../../integrations/claude-code/hooks/hooks.json");
        let mut document = Document::new("{}").unwrap();
        put(&mut document, &Command { program: "pulsedb".into(), options: Vec::new() }).unwrap();
        assert_eq!(document.get(&[HOOKS]), Document::new(plugin).unwrap().get(&[HOOKS]));
    }
}
