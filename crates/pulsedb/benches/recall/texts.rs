//! Real texts: the conversations and the questions of `PULSEDB_EVAL`, by the bundled embedder or by a model of one's own.

use std::path::PathBuf;

use pulsedb::{Config, EmbeddingProvider, NewExperience, PulseDB, SearchFilter, SyncMode, VectorConfig};
use serde_json::Value;

use crate::scenario::shares;

/// Questions that are asked.
const QUESTIONS: usize = 200;

/// The least share that was found; all of it where there are no texts. `model` is the directory of a sentence-transformer.
pub(crate) fn run(model: Option<PathBuf>) -> f64 {
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
    let embedding_provider = EmbeddingProvider::Builtin { model_path: model };
    let config = Config { sync_mode: SyncMode::Fast, vector, embedding_provider, ..Config::default() };
    let db = PulseDB::open(home.path(), config).expect("a new database opens");
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
    let questions = lines("questions.jsonl");
    let embed = |line| db.embed(&field(line, "question")).expect("a question has a vector");
    let questions: Vec<Vec<f32>> = questions.lines().take(QUESTIONS).map(embed).collect();
    let (matches, shares) = shares(&db, collective_id, &questions, &SearchFilter::default());
    let shown: Vec<String> = shares.iter().map(|share| format!("{share:.4}")).collect();
    let dimension = questions[0].len();
    println!("| {count} | {dimension}, texts | filled | none | {matches} | {} |", shown.join(" | "));
    // Of one row of each question, two hundred are too few for a share.
    shares.into_iter().skip(1).fold(1.0, f64::min)
}
