//! The check against slower benchmarks: two of criterion's baselines, benchmark by benchmark.

use crate::baseline::{Baseline, Estimate, format_time, read, results};
use crate::command::Failure;

/// Percent above the old median from which a benchmark is told, and from which it fails.
const WARN: f64 = 5.0;
const FAIL: f64 = 10.0;

/// What became of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Same,
    Faster,
    Slower,
    Failed,
    /// A peer's row, whose code no change here reaches.
    Machine,
    /// Only the old baseline has it.
    Missing,
    /// Only the new baseline has it.
    New,
}

impl Verdict {
    fn of(old: &Estimate, new: &Estimate) -> Self {
        match change(old, new) {
            percent if new.is_peer() && percent.abs() > WARN => Self::Machine,
            percent if percent > FAIL => Self::Failed,
            percent if percent > WARN => Self::Slower,
            percent if percent < -WARN => Self::Faster,
            _ => Self::Same,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Faster => "faster",
            Self::Slower => "warning: slower",
            Self::Failed => "FAILED: slower",
            Self::Machine => "warning: a peer's row changed, so the machine did",
            Self::Missing => "warning: missing in the new baseline",
            Self::New => "new",
        }
    }
}

/// One line of the table.
#[derive(Debug)]
struct Line<'a> {
    name: &'a str,
    old: Option<&'a Estimate>,
    new: Option<&'a Estimate>,
    verdict: Verdict,
}

/// Compares the two baselines that the arguments name.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut names = arguments.to_vec();
    let results = results(&mut names)?;
    let [old, new] = names.as_slice() else {
        return Err(Failure::Unmet("usage: bench-compare OLD NEW [--criterion DIRECTORY]".to_owned()));
    };
    let (old, new) = (read(&results, old)?, read(&results, new)?);
    let lines = compare(&old, &new);
    print(&lines);
    judge(&lines)
}

/// The benchmarks of both baselines by name.
fn compare<'a>(old: &'a Baseline, new: &'a Baseline) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for (name, before) in old {
        let after = new.get(name);
        let verdict = after.map_or(Verdict::Missing, |after| Verdict::of(before, after));
        lines.push(Line { name, old: Some(before), new: after, verdict });
    }
    for (name, after) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        lines.push(Line { name, old: None, new: Some(after), verdict: Verdict::New });
    }
    lines.sort_by_key(|line| line.name);
    lines
}

/// By how many percent the new median is above the old one.
fn change(old: &Estimate, new: &Estimate) -> f64 {
    (new.median - old.median) / old.median * 100.0
}

fn print(lines: &[Line<'_>]) {
    let width = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or_default();
    for line in lines {
        println!("{}", format_line(line, width).trim_end());
    }
}

fn format_line(line: &Line<'_>, width: usize) -> String {
    let percent = line.old.zip(line.new).map(|(old, new)| format!("{:+.1} %", change(old, new)));
    format!(
        "{:<width$}  {:>29} -> {:>29}  {:>9}  {}",
        line.name,
        format_estimate(line.old),
        format_estimate(line.new),
        percent.unwrap_or_default(),
        line.verdict.text()
    )
}

/// The median and its confidence interval.
fn format_estimate(estimate: Option<&Estimate>) -> String {
    estimate.map_or_else(
        || "-".to_owned(),
        |estimate| {
            let (low, high) = (format_time(estimate.low), format_time(estimate.high));
            format!("{} [{low}, {high}]", format_time(estimate.median))
        },
    )
}

fn judge(lines: &[Line<'_>]) -> Result<(), Failure> {
    let of = |verdict: Verdict| -> Vec<&str> {
        lines.iter().filter(|line| line.verdict == verdict).map(|line| line.name).collect()
    };
    let (failed, missing, new) = (of(Verdict::Failed), of(Verdict::Missing), of(Verdict::New));
    println!(
        "{} benchmarks: {} more than {FAIL} % slower, {} more than {WARN} %, {} missing, {} new",
        lines.len(),
        failed.len(),
        of(Verdict::Slower).len(),
        missing.len(),
        new.len()
    );
    if !failed.is_empty() {
        return Err(Failure::Unmet(format!("more than {FAIL} % slower: {}", failed.join("; "))));
    }
    if missing.len() + new.len() == lines.len() {
        return Err(Failure::Unmet("the baselines have no benchmark in common".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tempfile::TempDir;

    use super::{Verdict, compare, format_line, judge, run};
    use crate::baseline::read;
    use crate::baseline::tests::write;

    fn run_in(root: &Path) -> Result<(), String> {
        let directory = root.to_string_lossy();
        let arguments = ["old", "new", "--criterion", &directory].map(str::to_owned);
        run(&arguments).map_err(|failure| failure.to_string())
    }

    /// The outcome of one benchmark that took 1000 ns before and takes this long now, beside one that is the same.
    fn outcome(after: f64) -> (Verdict, Result<(), String>) {
        let root = TempDir::new().expect("a directory can be made");
        write(root.path(), "group/changed", "old", 1000.0, "null");
        write(root.path(), "group/changed", "new", after, "null");
        write(root.path(), "group/same", "old", 10.0, "null");
        write(root.path(), "group/same", "new", 10.0, "null");
        let read = |name| read(root.path(), name).expect("the baseline can be read");
        let (old, new) = (read("old"), read("new"));
        let lines = compare(&old, &new);
        assert_eq!(lines[1].verdict, Verdict::Same);
        (lines[0].verdict, run_in(root.path()))
    }

    #[test]
    fn only_more_than_a_tenth_fails_and_more_than_a_twentieth_warns() {
        for (after, verdict) in [
            (500.0, Verdict::Faster),
            (949.0, Verdict::Faster),
            (951.0, Verdict::Same),
            (1000.0, Verdict::Same),
            (1050.0, Verdict::Same),
            (1051.0, Verdict::Slower),
            (1100.0, Verdict::Slower),
        ] {
            assert_eq!(outcome(after), (verdict, Ok(())), "{after}");
        }
        for after in [1101.0, 5000.0] {
            let (verdict, result) = outcome(after);
            assert_eq!(verdict, Verdict::Failed, "{after}");
            let message = result.expect_err("slower by more than a tenth");
            assert!(message.contains("group/changed") && !message.contains("group/same"), "{message}");
        }
    }

    #[test]
    fn row_of_a_peer_tells_of_the_machine_and_does_not_fail() {
        let root = TempDir::new().expect("a directory can be made");
        write(root.path(), "group/peer SparseVec", "old", 1000.0, "null");
        write(root.path(), "group/peer SparseVec", "new", 2000.0, "null");
        let read = |name| read(root.path(), name).expect("the baseline can be read");
        let (old, new) = (read("old"), read("new"));
        assert_eq!(compare(&old, &new)[0].verdict, Verdict::Machine);
        assert_eq!(run_in(root.path()), Ok(()));
    }

    #[test]
    fn missing_and_new_benchmarks_are_told_and_do_not_fail() {
        let root = TempDir::new().expect("a directory can be made");
        for (name, baseline) in [("a/kept", "old"), ("a/kept", "new"), ("a/gone", "old"), ("a/added", "new")]
        {
            write(root.path(), name, baseline, 100.0, "null");
        }
        let read = |name| read(root.path(), name).expect("the baseline can be read");
        let (old, new) = (read("old"), read("new"));
        let lines = compare(&old, &new);
        let verdicts: Vec<_> = lines.iter().map(|line| (line.name, line.verdict)).collect();
        assert_eq!(
            verdicts,
            [("a/added", Verdict::New), ("a/gone", Verdict::Missing), ("a/kept", Verdict::Same)]
        );
        assert!(format_line(&lines[1], 7).contains("missing"));
        assert_eq!(run_in(root.path()), Ok(()));
    }

    #[test]
    fn line_shows_medians_with_intervals_and_the_change() {
        let root = TempDir::new().expect("a directory can be made");
        write(root.path(), "a/b", "old", 1000.0, "null");
        write(root.path(), "a/b", "new", 1070.0, "null");
        let read = |name| read(root.path(), name).expect("the baseline can be read");
        let (old, new) = (read("old"), read("new"));
        let lines = compare(&old, &new);
        let words: Vec<String> = format_line(&lines[0], 3).split_whitespace().map(str::to_owned).collect();
        assert_eq!(
            words.join(" "),
            "a/b 1.00 us [990 ns, 1.01 us] -> 1.07 us [1.06 us, 1.08 us] +7.0 % warning: slower"
        );
        assert!(judge(&lines).is_ok());
    }

    #[test]
    fn baselines_without_a_benchmark_in_common_fail() {
        let root = TempDir::new().expect("a directory can be made");
        write(root.path(), "a/gone", "old", 1.0, "null");
        write(root.path(), "a/added", "new", 1.0, "null");
        assert!(run_in(root.path()).expect_err("nothing compared").contains("in common"));
    }

    #[test]
    fn malformed_file_of_one_benchmark_fails() {
        let root = TempDir::new().expect("a directory can be made");
        for baseline in ["old", "new"] {
            write(root.path(), "a/b", baseline, 1.0, "null");
        }
        std::fs::write(root.path().join("a/b/new/estimates.json"), "{").expect("a file can be written");
        assert!(run_in(root.path()).expect_err("malformed").contains("estimates.json is not JSON"));
    }

    #[test]
    fn other_arguments_are_refused_with_the_usage() {
        for arguments in [&[][..], &["old"], &["old", "new", "third"]] {
            let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
            assert!(run(&arguments).expect_err("refused").to_string().contains("usage"));
        }
    }
}
