//! Measuring by criterion, and the table of medians at the end.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use criterion::Criterion;

/// Samples of each measurement.
pub(crate) const SAMPLES: usize = 20;

/// One line of the table: a median for each size.
struct Line {
    name: &'static str,
    target: &'static str,
    /// The size and the printed value.
    values: Vec<(usize, String)>,
}

/// Criterion, and what it has measured so far.
pub(crate) struct Report {
    criterion: Criterion,
    lines: Vec<Line>,
}

impl Report {
    pub(crate) fn new(criterion: Criterion) -> Self {
        Self { criterion, lines: Vec::new() }
    }

    /// Measures a call by criterion.
    pub(crate) fn time(
        &mut self,
        name: &'static str,
        target: &'static str,
        size: usize,
        mut call: impl FnMut(),
    ) {
        self.time_parts(name, target, size, 1, |times| {
            let start = Instant::now();
            for _ in 0..times {
                call();
            }
            start.elapsed()
        });
    }

    /// Measures by criterion what the caller times itself: `run` does it so many times and returns the time that they
    /// took. Each time has `parts` parts, and the report is about one of them.
    pub(crate) fn time_parts(
        &mut self,
        name: &'static str,
        target: &'static str,
        size: usize,
        parts: u32,
        mut run: impl FnMut(u64) -> Duration,
    ) {
        let mut samples = Vec::new();
        let mut group = self.criterion.benchmark_group(name);
        group.bench_function(size.to_string(), |bencher| {
            bencher.iter_custom(|times| {
                let elapsed = run(times) / parts;
                samples.push(elapsed.as_secs_f64() / times as f64);
                elapsed
            });
        });
        group.finish();
        // Those before the last `SAMPLES` were warming up.
        let measured = samples.split_off(samples.len().saturating_sub(SAMPLES));
        if !measured.is_empty() {
            self.add(name, target, size, seconds(median(measured)));
        }
    }

    /// Adds a value that was measured elsewhere.
    pub(crate) fn add(&mut self, name: &'static str, target: &'static str, size: usize, value: String) {
        println!("{name} at {size}: {value}");
        let known = self.lines.iter().position(|line| line.name == name);
        let line = known.unwrap_or(self.lines.len());
        if known.is_none() {
            self.lines.push(Line { name, target, values: Vec::new() });
        }
        self.lines[line].values.push((size, value));
    }

    /// Prints the table, in Markdown.
    pub(crate) fn finish(self) {
        self.criterion.final_summary();
        let mut sizes: Vec<usize> =
            self.lines.iter().flat_map(|line| &line.values).map(|(size, _)| *size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let mut text = String::from("\n| what | target |");
        for size in &sizes {
            let _ = write!(text, " {size} |");
        }
        let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(sizes.len()));
        for line in &self.lines {
            let _ = write!(text, "| {} | {} |", line.name, line.target);
            for size in &sizes {
                let value = line.values.iter().find(|(of, _)| of == size);
                let _ = write!(text, " {} |", value.map_or("", |(_, value)| value));
            }
            text.push('\n');
        }
        println!("{text}");
    }
}

/// The middle of the values, which there must be.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Seconds with three digits and a unit.
pub(crate) fn seconds(seconds: f64) -> String {
    let units = [(1e-6, 1e9, "ns"), (1e-3, 1e6, "us"), (1.0, 1e3, "ms"), (f64::INFINITY, 1.0, "s")];
    let (_, factor, unit) = units.into_iter().find(|(below, ..)| seconds < *below).unwrap_or(units[3]);
    let value = seconds * factor;
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}
