//! The times of the public calls at 1K, 10K and 100K records, and what a database takes.
//!
//! `cargo bench -p pulsedb --bench store` prints criterion's estimates and, at the end, one table of medians beside
//! their targets. `PULSEDB_BENCH_SIZES=1000,10000` chooses the sizes. Answers are asserted, times are not.

mod bare;
mod data;
mod database;
mod memory;
mod processes;
mod reads;
mod records;
mod reembed;
mod report;

use std::time::Duration;

use criterion::Criterion;

use database::Database;
use report::Report;

const SIZES: &[usize] = &[1_000, 10_000, 100_000];

fn main() {
    if processes::run_if_child() {
        return;
    }
    let criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(report::SAMPLES)
        .configure_from_args();
    let mut report = Report::new(criterion);
    for size in sizes() {
        let database = Database::build(size, &mut report);
        processes::measure(&database, &mut report);
        reads::measure(&database, &mut report);
        records::measure(&database, &mut report);
        reembed::measure(&database, &mut report);
        memory::measure(&database, &mut report);
    }
    report.finish();
}

fn sizes() -> Vec<usize> {
    let Ok(chosen) = std::env::var("PULSEDB_BENCH_SIZES") else { return SIZES.to_vec() };
    chosen.split(',').map(|size| size.trim().parse().expect("sizes are numbers between commas")).collect()
}
