//! What searches by vector find of what an exact comparison finds: dimensions, filters, deletions, processes, k.
//!
//! `cargo xtask recall` runs it over the shapes of `docs/benchmarks.md`. By hand:
//! `cargo bench -p pulsedb --bench recall -- 10000x256 100000x384 text`, each a number of records and a dimension, or
//! the texts that `PULSEDB_EVAL` names with the bundled embedder. With `--features neural`, `model` takes the texts with the
//! sentence-transformer that `PULSEDB_MODEL` names. It prints one table, and fails if a share of ten or more is below 0.995
//! or a search returns too few rows.

#[path = "../search/data.rs"]
#[allow(dead_code)] // Shared with the other benchmark, which uses all of it.
mod data;
mod scenario;
mod texts;

use data::Data;
use scenario::Scenario;

/// Below this share of the exact answer a run has failed.
const ENOUGH: f64 = 0.995;

fn main() {
    if scenario::run_if_child() {
        return;
    }
    let shapes: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load of the machine at the start: {}", load.trim());
    println!("| records | dimensions | state | filter | matches | k 1 | k 10 | k 100 | k 1000 |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut least = 1.0_f64;
    for shape in &shapes {
        if shape == "text" {
            least = least.min(texts::run(None));
            continue;
        }
        if shape == "model" {
            let model =
                std::env::var_os("PULSEDB_MODEL").expect("PULSEDB_MODEL names a sentence-transformer");
            least = least.min(texts::run(Some(model.into())));
            continue;
        }
        let (rows, dimension) = shape.split_once('x').expect("a shape is written as 10000x384");
        let [rows, dimension] = [rows, dimension].map(|number| number.parse().expect("a number"));
        least = least.min(Scenario::new(Data::new(dimension), rows).run());
    }
    println!("\nthe least share: {least:.4}");
    assert!(least >= ENOUGH, "the least share is {least}, below {ENOUGH}");
}
