//! Writes the records, queries and exact answers as plain files, for the peers under `bench/peers/`.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use crate::data::Data;
use crate::oracle::Oracle;

/// Queries that peers are asked.
const QUERIES: usize = 100;
const K: usize = 10;
/// Terms of a query by words.
const TERMS: usize = 6;

/// Below the directory that `PULSEDB_BENCH_EXPORT` names.
pub(crate) fn write(data: &Data, rows: usize) {
    let home = std::env::var_os("PULSEDB_BENCH_EXPORT").expect("PULSEDB_BENCH_EXPORT names a directory");
    let home = PathBuf::from(home).join(rows.to_string());
    fs::create_dir_all(&home).expect("a directory is made");
    let create = |name: &str| BufWriter::new(fs::File::create(home.join(name)).expect("a file is made"));
    let (mut vectors, mut texts) = (create("vectors.f32"), create("texts.txt"));
    for number in 0..rows {
        for component in data.vector(number) {
            vectors.write_all(&component.to_le_bytes()).expect("there is room");
        }
        writeln!(texts, "{}", data.text(number)).expect("there is room");
    }
    let oracle = Oracle::new(data, rows, QUERIES, K);
    let mut queries = create("queries.f32");
    for component in oracle.queries.iter().flatten() {
        queries.write_all(&component.to_le_bytes()).expect("there is room");
    }
    let nearest: Vec<_> = (0..QUERIES).map(|query| oracle.nearest(query, 0)).collect();
    let words: Vec<String> = (0..QUERIES).map(|query| data.terms(query, TERMS)).collect();
    let about = serde_json::json!({ "dimension": data.dimension, "nearest": nearest, "words": words });
    fs::write(home.join("about.json"), about.to_string()).expect("there is room");
}
