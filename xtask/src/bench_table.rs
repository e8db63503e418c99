//! The table of the benchmarks document: ours, the peer's and the ratio, beside the targets.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::baseline::{Baseline, Estimate, format_time, read, results, three_digits, unreadable};
use crate::command::Failure;

/// One target a line: the whole name of a benchmark, `<=` or `>=`, a number and its unit (a time, `MB/s`, or `x` for
/// how many times as fast as the peer).
const TARGETS: &str = "bench/targets.txt";
/// The document that holds the table, between two lines.
const DOCUMENT: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- table of bench/: begin -->";
const END: &str = "<!-- table of bench/: end -->";

/// What a row shall reach.
#[derive(Debug, Clone, PartialEq)]
enum Target {
    /// Nanoseconds at most.
    Time(f64),
    /// Megabytes a second at least.
    Rate(f64),
    /// Times as fast as the peer at least.
    Ratio(f64),
}

type Targets = BTreeMap<String, Vec<(Target, String)>>;

/// Prints the table of a baseline, of the last run unless the arguments name one; `--update` puts it into the document
/// too.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut names = arguments.to_vec();
    let results = results(&mut names)?;
    let update = names.iter().any(|name| name == "--update");
    names.retain(|name| name != "--update");
    let name = match names.as_slice() {
        [] => "new",
        [only] => only,
        _ => {
            return Err(Failure::Unmet(
                "usage: bench-table [BASELINE] [--update] [--criterion DIRECTORY]".to_owned(),
            ));
        }
    };
    let text = fs::read_to_string(TARGETS).map_err(unreadable(Path::new(TARGETS)))?;
    let targets = parse_targets(&text)?;
    let baseline = read(&results, name)?;
    let table = table(&baseline, &targets).join("\n");
    println!("{table}");
    for name in targets.keys().filter(|name| !baseline.contains_key(*name)) {
        eprintln!("warning: {TARGETS} has a target for {name}, which was not measured");
    }
    if update {
        let document = fs::read_to_string(DOCUMENT).map_err(unreadable(Path::new(DOCUMENT)))?;
        fs::write(DOCUMENT, replaced(&document, &table)?)
            .map_err(|error| Failure::Unmet(format!("cannot write {DOCUMENT}: {error}")))?;
    }
    Ok(())
}

/// The document with this table between its two lines.
fn replaced(document: &str, table: &str) -> Result<String, Failure> {
    let missing = || Failure::Unmet(format!("{DOCUMENT} lacks the lines {BEGIN} and {END}"));
    let (before, rest) = document.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{BEGIN}\n\n{table}\n\n{END}{after}"))
}

fn parse_targets(text: &str) -> Result<Targets, Failure> {
    let mut targets = Targets::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let refused = || Failure::Unmet(format!("{TARGETS} has a line that is no target: {line}"));
        let (name, target) = parse_target(line).ok_or_else(refused)?;
        targets.entry(name).or_default().push(target);
    }
    Ok(targets)
}

fn parse_target(line: &str) -> Option<(String, (Target, String))> {
    let (at, relation) = ["<=", ">="].iter().find_map(|sign| Some((line.find(sign)?, *sign)))?;
    let (name, bound) = (line[..at].trim(), line[at + relation.len()..].trim());
    let (number, unit) = bound.split_once(' ')?;
    let number: f64 = number.parse().ok()?;
    let target = match (relation, unit) {
        ("<=", "ns") => Target::Time(number),
        ("<=", "us") => Target::Time(number * 1e3),
        ("<=", "ms") => Target::Time(number * 1e6),
        ("<=", "s") => Target::Time(number * 1e9),
        (">=", "MB/s") => Target::Rate(number),
        (">=", "x") => Target::Ratio(number),
        _ => return None,
    };
    Some((name.to_owned(), (target, format!("{relation} {number} {unit}"))))
}

fn table(baseline: &Baseline, targets: &Targets) -> Vec<String> {
    let mut lines =
        vec!["| what | target | ours | peer | ratio |".to_owned(), "|---|---|---|---|---|".to_owned()];
    for (name, estimate) in baseline {
        let peer = fastest_peer(baseline, &estimate.group);
        if estimate.is_peer() {
            // The fastest of a group stands beside each of ours; the others have rows of their own.
            let alone = !baseline.values().any(|other| is_ours_of(other, &estimate.group));
            if alone || peer != Some(estimate) {
                lines.push(format!("| {name} | - | - | {} | - |", format_measure(estimate)));
            }
            continue;
        }
        let ratio = peer.map(|peer| peer.median / estimate.median);
        let wanted: Vec<String> = targets
            .get(name)
            .into_iter()
            .flatten()
            .map(|(target, text)| mark(target, text, estimate, ratio))
            .collect();
        lines.push(format!(
            "| {name} | {} | {} | {} | {} |",
            if wanted.is_empty() { "-".to_owned() } else { wanted.join(", ") },
            format_measure(estimate),
            peer.map_or_else(|| "-".to_owned(), format_measure),
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{}x", three_digits(ratio))),
        ));
    }
    lines
}

fn is_ours_of(estimate: &Estimate, group: &str) -> bool {
    estimate.group == group && !estimate.is_peer()
}

/// The peer's row that every one of ours in a group is compared with: the fastest of those that are what a caller gets.
/// A variant that has to be asked for is named after a comma, and only shown.
fn fastest_peer<'a>(baseline: &'a Baseline, group: &str) -> Option<&'a Estimate> {
    let peers = baseline.values().filter(|row| row.group == group && row.is_peer());
    peers.filter(|row| !row.function.contains(',')).min_by(|one, other| one.median.total_cmp(&other.median))
}

/// The target's text, with a word behind it if it is missed.
fn mark(target: &Target, text: &str, estimate: &Estimate, ratio: Option<f64>) -> String {
    let held = match *target {
        Target::Time(most) => estimate.median <= most,
        Target::Rate(least) => rate(estimate).is_some_and(|rate| rate >= least),
        Target::Ratio(least) => ratio.is_some_and(|ratio| ratio >= least),
    };
    if held { text.to_owned() } else { format!("{text} (missed)") }
}

/// Megabytes a second, of a benchmark that says how many bytes it works on.
fn rate(estimate: &Estimate) -> Option<f64> {
    // Bytes a nanosecond are gigabytes a second.
    estimate.bytes.map(|bytes| bytes as f64 / estimate.median * 1e3)
}

fn format_measure(estimate: &Estimate) -> String {
    rate(estimate).map_or_else(|| format_time(estimate.median), |rate| format!("{} MB/s", three_digits(rate)))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::{BEGIN, END, Target, parse_targets, replaced, run, table};
    use crate::baseline::read;
    use crate::baseline::tests::write;

    #[test]
    fn rows_of_ours_stand_beside_the_fastest_peer_of_their_group() {
        let root = TempDir::new().expect("a directory can be made");
        write(root.path(), "ops/bind/BlockCode", "new", 4.0, "null");
        write(root.path(), "ops/bind/SparseTernary", "new", 200.0, "null");
        write(root.path(), "ops/bind/peer fast", "new", 400.0, "null");
        write(root.path(), "ops/bind/peer slow", "new", 800.0, "null");
        write(root.path(), "ops/bind/peer fast, variant", "new", 300.0, "null");
        write(root.path(), "ops/alone/peer only", "new", 1.0, "null");
        write(root.path(), "ops/text/Planes", "new", 1e6, r#"{"Bytes":25000}"#);
        let targets = parse_targets(
            "# targets\n\nops/bind/BlockCode <= 4 ns\nops/bind/BlockCode >= 101 x\nops/text/Planes >= 20 MB/s\n",
        )
        .expect("targets");
        let baseline = read(root.path(), "new").expect("the baseline can be read");
        assert_eq!(
            table(&baseline, &targets)[2..],
            [
                "| ops/alone/peer only | - | - | 1.00 ns | - |",
                "| ops/bind/BlockCode | <= 4 ns, >= 101 x (missed) | 4.00 ns | 400 ns | 100x |",
                "| ops/bind/SparseTernary | - | 200 ns | 400 ns | 2.00x |",
                "| ops/bind/peer fast, variant | - | - | 300 ns | - |",
                "| ops/bind/peer slow | - | - | 800 ns | - |",
                "| ops/text/Planes | >= 20 MB/s | 25.0 MB/s | - | - |",
            ]
        );
    }

    #[test]
    fn target_that_is_missed_or_cannot_be_judged_is_marked() {
        let root = TempDir::new().expect("a directory can be made");
        write(root.path(), "a/slow", "new", 5001.0, r#"{"Bytes":10}"#);
        let targets = parse_targets("a/slow <= 5 us\na/slow >= 20 MB/s\na/slow >= 1 x\n").expect("targets");
        let baseline = read(root.path(), "new").expect("the baseline can be read");
        let row = &table(&baseline, &targets)[2];
        assert_eq!(row.matches("(missed)").count(), 3, "{row}");
    }

    #[test]
    fn targets_are_read_in_every_unit() {
        let targets =
            parse_targets("a <= 1 ns\na <= 2 us\na <= 3 ms\na <= 4 s\nb c, d >= 5 x\n").expect("targets");
        let numbers: Vec<_> = targets["a"].iter().map(|(target, _)| target.clone()).collect();
        assert_eq!(numbers, [Target::Time(1.0), Target::Time(2e3), Target::Time(3e6), Target::Time(4e9)]);
        assert_eq!(targets["b c, d"], [(Target::Ratio(5.0), ">= 5 x".to_owned())]);
        for line in ["a", "a < 4 ns", "a <= ns", "a <= 4", "a <= 4 hours", "a >= 4 ns", "a <= 4 x"] {
            assert!(parse_targets(line).is_err(), "{line}");
        }
    }

    #[test]
    fn table_is_replaced_between_its_lines_and_nowhere_else() {
        let document = format!("before\n{BEGIN}\n| old |\n{END}\nafter\n");
        let new = replaced(&document, "| new |").expect("both lines are there");
        assert_eq!(new, format!("before\n{BEGIN}\n\n| new |\n\n{END}\nafter\n"));
        assert_eq!(replaced(&new, "| new |").expect("both lines are there"), new);
        for document in ["", BEGIN, END] {
            assert!(replaced(document, "| new |").is_err(), "{document}");
        }
    }

    #[test]
    fn two_baselines_are_refused() {
        assert!(run(&["a".to_owned(), "b".to_owned()]).is_err());
    }
}
