//! Retrieval on real conversations, through the public search call, with the bundled embedder.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use pulsedb::{CollectiveId, Config, NewExperience, PulseDB, SearchOptions, SyncMode, TaskId};
use serde_json::Value;

/// Share of the evidence that is among the first ten hits, over the questions of categories 1 to 4. The bundled
/// table alone gives 0.506 on a larger set; a broken tokenizer, table or scan falls far below.
const RECALL_AT_10_MIN: f64 = 0.50;

#[test]
fn evidence_of_questions_is_among_the_first_ten_hits() {
    let Some(data) = env::var_os("PULSEDB_EVAL").map(PathBuf::from) else {
        println!("skipped: PULSEDB_EVAL names no directory with conversations and questions");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let config = Config { sync_mode: SyncMode::Fast, ..Config::default() };
    let db = PulseDB::open(directory.path(), config).unwrap();
    let conversations = record(&db, &data.join("conversations.jsonl"));
    let (mut recall, mut questions) = (0.0, 0);
    for question in lines(&data.join("questions.jsonl")) {
        let evidence: Vec<&str> = question["evidence"].as_array().unwrap().iter().map(text).collect();
        if question["category"] == 5 || evidence.is_empty() {
            continue;
        }
        let collective = conversations[&name(&question["conversation"])];
        let hits =
            db.search(collective, text(&question["question"]).into(), SearchOptions::default()).unwrap();
        let found = evidence.iter().filter(|turn| {
            hits.iter().any(|hit| hit.experience.tags.get("turn").is_some_and(|id| id == *turn))
        });
        recall += found.count() as f64 / evidence.len() as f64;
        questions += 1;
    }
    let recall = recall / f64::from(questions);
    println!("recall@10 {recall:.3} over {questions} questions");
    assert!(recall >= RECALL_AT_10_MIN, "recall@10 is {recall:.3} over {questions} questions");
}

/// One collective a conversation, one experience a turn, in order.
fn record(db: &PulseDB, path: &Path) -> BTreeMap<String, CollectiveId> {
    let mut conversations = BTreeMap::new();
    let mut rows = Vec::new();
    for turn in lines(path) {
        let name = name(&turn["conversation"]);
        let collective_id =
            *conversations.entry(name.clone()).or_insert_with(|| db.get_or_create_collective(&name).unwrap());
        let shares = turn["caption"].as_str().map_or(String::new(), |caption| format!(" [shares {caption}]"));
        rows.push(NewExperience {
            collective_id,
            content: format!(
                "({}) {}: {}{shares}",
                text(&turn["date"]),
                text(&turn["speaker"]),
                text(&turn["text"])
            ),
            source_agent: text(&turn["speaker"]).into(),
            source_task: Some(TaskId::new(format!("{name}-{}", turn["session"]))),
            tags: BTreeMap::from([("turn".into(), text(&turn["id"]).into())]),
            ..Default::default()
        });
    }
    db.record_experiences(rows).unwrap();
    conversations
}

fn lines(path: &Path) -> impl Iterator<Item = Value> {
    let content = std::fs::read_to_string(path);
    let content = content.unwrap_or_else(|error| panic!("PULSEDB_EVAL: {}: {error}", path.display()));
    content.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>().into_iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn name(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
