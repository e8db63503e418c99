//! Real texts with the bundled embedder: the conversations and the questions of `PULSEDB_EVAL`.

use std::path::PathBuf;

use pulsedb::{Config, NewExperience, PulseDB, SearchFilter, SyncMode, VectorConfig};
use serde_json::Value;

use crate::scenario::shares;

/// Questions that are asked.
const QUESTIONS: usize = 200;

/// The least share that was found; all of it where there are no texts.
pub(crate) fn run() -> f64 {
    let Some(data) = std::env::var_os("PULSEDB_EVAL").map(PathBuf::from) else {
        println!("\nskipped: PULSEDB_EVAL names no directory with conversations and questions");
        return 1.0;
    };
    let field = |line: &str, name: &str| -> String {
        let line: Value = serde_json::from_str(line).expect("each line is one document");
        line[name].as_str().expect("it has this field").to_owned()
    };
    let lines = |name: &str| std::fs::read_to_string(data.join(name)).expect("the file is there");
    let home = tempfile::tempdir().expect("a directory is made");
    let vector = VectorConfig { rescore: 1, ..VectorConfig::default() };
    let db = PulseDB::open(home.path(), Config { sync_mode: SyncMode::Fast, vector, ..Config::default() });
    let db = db.expect("a new database opens");
    let collective_id = db.create_collective("texts").expect("the name is free");
    let turns = lines("conversations.jsonl");
    let contents = turns.lines().map(|line| field(line, "text"));
    let records = contents.filter(|text| !text.trim().is_empty());
    let records: Vec<_> =
        records.map(|content| NewExperience { collective_id, content, ..Default::default() }).collect();
    let count = records.len();
    for some in records.chunks(500) {
        db.record_experiences(some.to_vec()).expect("a batch is recorded");
    }
    let model = pulsedb_model::Model::bundled();
    let questions = lines("questions.jsonl");
    let questions = questions.lines().take(QUESTIONS).map(|line| model.embed(&field(line, "question")));
    let questions: Vec<Vec<f32>> = questions.filter(|vector| vector.iter().any(|one| *one != 0.0)).collect();
    let (matches, shares) = shares(&db, collective_id, &questions, &SearchFilter::default());
    let shown: Vec<String> = shares.iter().map(|share| format!("{share:.4}")).collect();
    println!("| {count} | 256, texts | filled | none | {matches} | {} |", shown.join(" | "));
    shares.into_iter().fold(1.0, f64::min)
}
