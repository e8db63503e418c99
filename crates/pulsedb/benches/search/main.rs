//! The times of searches by vector and by words at 10K to 10^6 records, their recall, and what records cost beside them.
//!
//! `cargo bench -p pulsedb --bench search` prints criterion's estimates and, at the end, one table.
//! `PULSEDB_BENCH_SIZES=10000,1000000` chooses the sizes, `PULSEDB_BENCH_PARTS=vectors,words` what is measured
//! (`vectors`, `filters`, `words`, `cold`, `disk`, `records`, `mixed`; or `export` alone, for `bench/peers`),
//! `PULSEDB_BENCH_HOME` a directory in which the databases are kept for the next run.

mod cold;
mod data;
mod database;
mod export;
mod mixed;
mod oracle;
mod queries;
mod records;
#[path = "../store/report.rs"]
mod report;

use std::time::Duration;

use criterion::Criterion;

use data::Data;
use database::Database;
use report::Report;

const SIZES: &str = "10000,100000";
const PARTS: &str = "vectors,filters,words,cold,disk,mixed,records";
/// Components of each vector.
const DIMENSION: usize = 384;

fn main() {
    if cold::run_if_child() {
        return;
    }
    let criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(report::SAMPLES)
        .configure_from_args();
    let mut report = Report::new(criterion);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load of the machine at the start: {}", load.trim());
    let data = Data::new(DIMENSION);
    let parts = chosen("PULSEDB_BENCH_PARTS", PARTS);
    for size in chosen("PULSEDB_BENCH_SIZES", SIZES) {
        let size = size.parse().expect("sizes are numbers between commas");
        if parts == ["export"] {
            export::write(&data, size);
            continue;
        }
        let database = Database::build(&data, size);
        for part in &parts {
            match part.as_str() {
                "vectors" => queries::vectors(&database, &data, &mut report),
                "filters" => queries::filters(&database, &data, &mut report),
                "words" => queries::words(&database, &data, &mut report),
                "cold" => cold::measure(&database, &data, &mut report),
                "disk" => records::disk(&database, &data, &mut report),
                "records" => records::measure(&database, &data, &mut report),
                "mixed" => mixed::measure(&database, &data, &mut report),
                part => panic!("{part} is not among {PARTS}"),
            }
        }
    }
    report.finish();
}

fn chosen(variable: &str, default: &str) -> Vec<String> {
    let chosen = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    chosen.split(',').map(|one| one.trim().to_owned()).collect()
}
