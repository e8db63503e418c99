//! Retrieval on real conversations, through the public search call, with the bundled embedder and the defaults.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use pulsedb::{
    CollectiveId, Config, ContextWeights, NewExperience, PulseDB, Query, SearchOptions, SearchResult,
    SyncMode, TaskId,
};
use serde_json::Value;

/// Points of recall that the choice of candidates may cost.
const LOST_BY_CANDIDATES_MAX: f64 = 0.5;

/// What is asked: the conversations in a database, and the questions of categories 1 to 4.
struct Eval {
    db: PulseDB,
    conversations: BTreeMap<String, CollectiveId>,
    questions: Vec<Value>,
    _home: tempfile::TempDir,
}

/// In percent, over the questions.
#[derive(Debug, Default)]
struct Found {
    r1: f64,
    r10: f64,
    /// Questions of category 1 all of whose evidence is among the first ten.
    multi_hop_all10: f64,
}

impl Eval {
    fn open() -> Option<Self> {
        let Some(data) = env::var_os("PULSEDB_EVAL").map(PathBuf::from) else {
            println!("skipped: PULSEDB_EVAL names no directory with conversations and questions");
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        let config = Config { sync_mode: SyncMode::Fast, ..Config::default() };
        let db = PulseDB::open(home.path(), config).unwrap();
        let conversations = record(&db, &data.join("conversations.jsonl"));
        let answerable = |question: &Value| question["category"] != 5 && !evidence(question).is_empty();
        let questions = lines(&data.join("questions.jsonl")).filter(answerable).collect();
        Some(Self { db, conversations, questions, _home: home })
    }

    fn measure(&self, search: impl Fn(CollectiveId, &str) -> Vec<SearchResult>) -> Found {
        let mut sum = Found::default();
        let mut multi_hop = 0.0;
        for question in &self.questions {
            let collective = self.conversations[&name(&question["conversation"])];
            let hits = search(collective, text(&question["question"]));
            let evidence = evidence(question);
            let recall = |first: usize| {
                let is_hit =
                    |turn: &&&str| hits.iter().take(first).any(|hit| hit.experience.tags["turn"] == **turn);
                evidence.iter().filter(is_hit).count() as f64 / evidence.len() as f64
            };
            sum.r1 += recall(1);
            sum.r10 += recall(10);
            if question["category"] == 1 {
                multi_hop += 1.0;
                sum.multi_hop_all10 += f64::from(u8::from(recall(10) >= 1.0));
            }
        }
        let all = self.questions.len() as f64;
        let percent = |sum: f64, of: f64| 100.0 * sum / of;
        Found {
            r1: percent(sum.r1, all),
            r10: percent(sum.r10, all),
            multi_hop_all10: percent(sum.multi_hop_all10, multi_hop),
        }
    }

    fn text(&self, options: &SearchOptions) -> Found {
        self.measure(|collective, text| self.db.search(collective, text.into(), options.clone()).unwrap())
    }
}

#[test]
fn evidence_of_questions_is_among_the_first_hits() {
    let Some(eval) = Eval::open() else { return };
    let found = eval.text(&SearchOptions::default());
    println!("defaults: {found:?}");
    assert!(found.r10 >= 78.0 && found.r1 >= 42.5 && found.multi_hop_all10 >= 27.0, "{found:?}");
    let context = ContextWeights { session: 0.5, window: 0.5, question: 0.2, agent: 0.2 };
    let found = eval.text(&SearchOptions { context: Some(context), ..Default::default() });
    println!("twice the context: {found:?}");
    assert!(found.r10 >= 79.5, "{found:?}");
    let found = eval.measure(|collective, text| {
        eval.db.search(collective, Query::Lexical(text), SearchOptions::default()).unwrap()
    });
    println!("words alone: {found:?}");
    assert!(found.r10 >= 63.0, "{found:?}");
}

#[test]
fn choice_of_candidates_loses_half_a_point_of_recall_at_most() {
    let Some(eval) = Eval::open() else { return };
    let chosen = eval.text(&SearchOptions::default());
    // No conversation has more turns than this, so that every one of them is a candidate.
    let all = eval.text(&SearchOptions { k: 1000, ..Default::default() });
    println!("chosen: {chosen:?}, all: {all:?}");
    assert!(chosen.r10 >= all.r10 - LOST_BY_CANDIDATES_MAX, "{chosen:?} of {all:?}");
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

fn evidence(question: &Value) -> Vec<&str> {
    question["evidence"].as_array().unwrap().iter().map(text).collect()
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
