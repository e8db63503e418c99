//! The gate against slower calls: instruction counts, which do not depend on the clock, against a baseline.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Failure, cargo_with};

const MANIFEST: &str = "tools/instructions/Cargo.toml";
const BASELINE: &str = "tools/instructions/baseline.txt";
/// The version of the crate in the manifest and of the program that it runs.
const RUNNER_VERSION: &str = "0.20.0";

/// Percent above what is compared with from which a count is told, and from which it fails.
#[derive(Debug, Clone, Copy)]
struct Limits {
    warn: f64,
    fail: f64,
}

/// Against the baseline, which another toolchain or C library may have counted.
const OF_BASELINE: Limits = Limits { warn: 5.0, fail: 10.0 };
/// Against another checkout counted by the same machine a moment before.
const OF_CHECKOUT: Limits = Limits { warn: 1.0, fail: 3.0 };

type Counts = BTreeMap<String, u64>;

/// Counts, then compares with the baseline, or with another checkout with `--against DIRECTORY`; `--update` writes the
/// baseline instead.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => {
            let text = fs::read_to_string(BASELINE).map_err(unreadable(Path::new(BASELINE)))?;
            let (baseline, counts) = (parse_baseline(&text)?, count(Path::new("."))?);
            same_calls(&baseline, &counts)?;
            compare(&baseline, &counts, OF_BASELINE)
        }
        ["--update"] => {
            let counts = count(Path::new("."))?;
            fs::write(BASELINE, format_baseline(&counts)).map_err(unreadable(Path::new(BASELINE)))
        }
        ["--against", directory] => {
            let before = count(Path::new(directory))?;
            compare(&before, &count(Path::new("."))?, OF_CHECKOUT)
        }
        _ => Err(Failure::Unmet("usage: instructions [--update | --against DIRECTORY]".to_owned())),
    }
}

/// Counts the calls of a checkout.
fn count(checkout: &Path) -> Result<Counts, Failure> {
    require_runner()?;
    let manifest = checkout.join(MANIFEST);
    let home = std::path::absolute(checkout).map_err(unreadable(checkout))?.join("target/gungraun");
    // Counts of calls that are gone must not be read again.
    if home.exists() {
        fs::remove_dir_all(&home).map_err(unreadable(&home))?;
    }
    let (manifest, home_text) = (manifest.to_string_lossy(), home.to_string_lossy());
    cargo_with(&[("GUNGRAUN_HOME", &home_text)], &["bench", "--locked", "--manifest-path", &manifest], &[])?;
    let mut counts = Counts::new();
    collect(&home, &mut counts)?;
    Ok(counts)
}

fn require_runner() -> Result<(), Failure> {
    let output = Command::new("gungraun-runner").arg("--version").output();
    let found = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if found.trim().ends_with(RUNNER_VERSION) {
        return Ok(());
    }
    Err(Failure::Unmet(format!(
        "counting needs valgrind and gungraun-runner {RUNNER_VERSION} in the PATH (found {:?}): \
         cargo install --locked gungraun-runner@{RUNNER_VERSION}",
        found.trim()
    )))
}

/// Reads the total of each `callgrind.<call>.calls.out` below a directory.
fn collect(directory: &Path, counts: &mut Counts) -> Result<(), Failure> {
    for entry in fs::read_dir(directory).map_err(unreadable(directory))? {
        let path = entry.map_err(unreadable(directory))?.path();
        if path.is_dir() {
            collect(&path, counts)?;
            continue;
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(call) = name.strip_prefix("callgrind.").and_then(|name| name.strip_suffix(".calls.out"))
        else {
            continue;
        };
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        // The first event is the instructions, the others are memory accesses.
        let total = total.and_then(|total| total.split_whitespace().next()?.parse().ok());
        let total = total
            .ok_or_else(|| Failure::Unmet(format!("{} has no total of instructions", path.display())))?;
        counts.insert(call.to_owned(), total);
    }
    Ok(())
}

/// Refuses counts of other calls than the baseline has: a call must not leave it unseen.
fn same_calls(baseline: &Counts, counts: &Counts) -> Result<(), Failure> {
    if baseline.keys().eq(counts.keys()) {
        return Ok(());
    }
    let names = |counts: &Counts| counts.keys().cloned().collect::<Vec<_>>().join(" ");
    Err(Failure::Unmet(format!(
        "the baseline has {}, counted were {}: `cargo xtask instructions --update`",
        names(baseline),
        names(counts)
    )))
}

/// Prints each call, and fails if one of those on both sides takes too many instructions more.
fn compare(before: &Counts, after: &Counts, limits: Limits) -> Result<(), Failure> {
    let mut slower = Vec::new();
    for (call, count) in after {
        let Some(old) = before.get(call) else {
            println!("{call:<14} {:>12} -> {count:>12} new", "-");
            continue;
        };
        let percent = change(*old, *count);
        let verdict = match percent {
            percent if percent > limits.fail => {
                slower.push(call.as_str());
                "FAILED: slower"
            }
            percent if percent > limits.warn => "warning: slower",
            percent if percent < -limits.warn => "faster: `cargo xtask instructions --update` keeps it",
            _ => "",
        };
        println!("{call:<14} {old:>12} -> {count:>12} {percent:>+7.2} % {verdict}");
    }
    for (call, old) in before.iter().filter(|(call, _)| !after.contains_key(*call)) {
        println!("{call:<14} {old:>12} -> {:>12} warning: no longer counted", "-");
    }
    if slower.is_empty() {
        return Ok(());
    }
    Err(Failure::Unmet(format!(
        "more than {} % above what it was: {}; mend it, or give the reason in the commit that updates {BASELINE}",
        limits.fail,
        slower.join(" ")
    )))
}

/// By how many percent `after` is above `before`.
fn change(before: u64, after: u64) -> f64 {
    (after as f64 - before as f64) / (before.max(1) as f64) * 100.0
}

fn parse_baseline(text: &str) -> Result<Counts, Failure> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let (call, count) = line.split_once(' ')?;
            Some((call.to_owned(), count.trim().parse().ok()?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| Failure::Unmet(format!("{BASELINE} has a line that is not `call count`")))
}

fn format_baseline(counts: &Counts) -> String {
    let mut text = String::from(
        "# Instructions of the calls in benches/calls.rs, written by `cargo xtask instructions --update`.\n\
         # They change with the code, with the version of rustc, and a little with the C library.\n",
    );
    for (call, count) in counts {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{call} {count}");
    }
    text
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path: PathBuf = path.to_owned();
    move |error| Failure::Unmet(format!("cannot read or write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Counts, OF_BASELINE, OF_CHECKOUT, compare, format_baseline, parse_baseline, same_calls};

    fn counts(pairs: &[(&str, u64)]) -> Counts {
        pairs.iter().map(|(call, count)| ((*call).to_owned(), *count)).collect()
    }

    #[test]
    fn baseline_is_read_as_it_was_written() {
        let written = counts(&[("get", 7), ("record", u64::MAX)]);
        assert_eq!(parse_baseline(&format_baseline(&written)).ok(), Some(written));
        assert!(parse_baseline("get seven").is_err());
    }

    #[test]
    fn only_more_than_a_tenth_above_the_baseline_fails() {
        let baseline = counts(&[("get", 1000)]);
        for (count, holds) in [(500, true), (1000, true), (1100, true), (1101, false)] {
            assert_eq!(compare(&baseline, &counts(&[("get", count)]), OF_BASELINE).is_ok(), holds, "{count}");
        }
        assert!(same_calls(&baseline, &counts(&[("get", 1)])).is_ok());
        assert!(same_calls(&baseline, &counts(&[("other", 1)])).is_err());
    }

    #[test]
    fn another_checkout_is_compared_more_strictly_and_by_the_calls_that_both_have() {
        let before = counts(&[("get", 1000), ("gone", 10)]);
        for (count, holds) in [(500, true), (1030, true), (1031, false)] {
            let after = counts(&[("get", count), ("new", 1_000_000)]);
            assert_eq!(compare(&before, &after, OF_CHECKOUT).is_ok(), holds, "{count}");
        }
    }
}
