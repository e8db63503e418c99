//! Records some work and prints it: Prometheus text to standard output, JSON to standard error.

use std::hint::black_box;
use std::time::Instant;

use embeddenator_obs::metrics::{self, IndexKind, names};
use embeddenator_obs::{HiResTimer, Recorder, Span, facade, json, prometheus};

fn main() -> embeddenator_obs::Result<()> {
    let began = Instant::now();
    let recorder = Recorder::new();
    recorder.install()?;

    let items: Vec<u64> = {
        let _span = Span::start(facade::histogram!(names::INDEX_BUILD_DURATION, names::INDEX_KIND => "flat"));
        (0..2000_u64).map(|item| item.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect()
    };
    let timer = HiResTimer::new();
    for query in 0..200_u64 {
        let start = timer.start();
        // In place of a search: the item that differs from the query in the fewest bits.
        black_box(items.iter().min_by_key(|item| (**item ^ query).count_ones()));
        metrics::record_search(IndexKind::Flat, timer.elapsed(start));
        metrics::count_codes_compared(items.len() as u64);
    }
    metrics::record_process(began.elapsed());

    let snapshot = recorder.snapshot();
    print!("{}", prometheus::render(&snapshot));
    eprintln!("{}", json::document(&snapshot));
    Ok(())
}
