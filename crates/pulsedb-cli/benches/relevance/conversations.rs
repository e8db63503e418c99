//! The conversations of `PULSEDB_EVAL` as memories, one collective each, and the questions about them.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use pulsedb::{AgentId, NewExperience};
use serde_json::Value;

use crate::documents::other_prompts;
use crate::{Asked, Memories};

/// Rows in one commit.
const COMMIT_ROWS: usize = 1000;
/// The category of questions that the conversation does not answer.
const UNANSWERABLE: u64 = 5;
/// Of the questions about other conversations each one in so many is asked.
const EACH: usize = 20;

pub(crate) fn asked(directory: &Path) -> Asked {
    let lines = |name: &str| -> Vec<Value> {
        let text = fs::read_to_string(directory.join(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let mut conversations: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for turn in lines("conversations.jsonl") {
        conversations.entry(turn["conversation"].as_str().unwrap().to_owned()).or_default().push(turn);
    }
    let questions = lines("questions.jsonl");
    let mut asked = Asked::default();
    for (name, turns) in &conversations {
        let memories = Memories::new();
        let rows: Vec<NewExperience> = turns.iter().map(turn).collect();
        let ids: Vec<_> = rows.chunks(COMMIT_ROWS).flat_map(|part| memories.record(part.to_vec())).collect();
        let of_turn: HashMap<&str, _> =
            turns.iter().map(|it| it["id"].as_str().unwrap()).zip(ids.iter().copied()).collect();
        for (number, question) in questions.iter().enumerate() {
            let text = question["question"].as_str().unwrap();
            if question["conversation"] != **name {
                if number % EACH == 0 {
                    asked.ask(&memories, text, &[]);
                }
            } else if question["category"].as_u64() != Some(UNANSWERABLE) {
                let evidence = question["evidence"].as_array().unwrap().iter();
                let wanted: Vec<_> = evidence.filter_map(|id| of_turn.get(id.as_str()?).copied()).collect();
                if !wanted.is_empty() {
                    asked.ask(&memories, text, &wanted);
                }
            }
        }
        other_prompts().for_each(|prompt| asked.ask(&memories, prompt, &[]));
    }
    asked
}

fn turn(it: &Value) -> NewExperience {
    let text = |key: &str| it[key].as_str().unwrap_or_default();
    let caption = it["caption"].as_str().map(|it| format!(" [shares {it}]")).unwrap_or_default();
    NewExperience {
        content: format!("({}) {}: {}{caption}", text("date"), text("speaker"), text("text")),
        source_agent: AgentId::new(text("speaker")),
        source_task: Some(format!("{}-{}", it["conversation"], it["session"]).into()),
        ..NewExperience::default()
    }
}
