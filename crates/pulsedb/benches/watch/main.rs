//! What it costs to tell watchers, and how soon they know.
//!
//! `cargo bench -p pulsedb --bench watch` prints one table of medians and 99th percentiles beside their targets.
//! `PULSEDB_BENCH_ROUNDS=1000` chooses how often each is measured. Answers are asserted, times are not.

mod arrival;
mod calls;
#[cfg_attr(target_os = "linux", path = "clock_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "clock_portable.rs")]
mod clock;
mod hand_over;
mod table;

use table::Table;

fn main() {
    if arrival::run_if_child() {
        return;
    }
    let rounds = std::env::var("PULSEDB_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let rounds = rounds.unwrap_or(500);
    let mut table = Table::default();
    hand_over::measure(rounds, &mut table);
    arrival::measure(rounds, &mut table);
    calls::measure(rounds, &mut table);
    println!("{table}");
}
