//! What criterion has written about one baseline: the median of each benchmark, with its confidence interval.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::Failure;

/// The benchmarks of a baseline by their whole name.
pub(crate) type Baseline = BTreeMap<String, Estimate>;

/// What one benchmark took, in nanoseconds an iteration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) median: f64,
    /// The confidence interval of the median.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Bytes that one iteration works on, if the benchmark says so.
    pub(crate) bytes: Option<u64>,
    /// The group that it was measured in, and its name there.
    pub(crate) group: String,
    pub(crate) function: String,
}

/// How the names of the rows begin that measure a peer.
const PEER: &str = "peer ";

impl Estimate {
    /// Whether it measures a published crate, not ours.
    pub(crate) fn is_peer(&self) -> bool {
        self.function.starts_with(PEER)
    }
}

/// The directory of criterion's results: the one of `--criterion` in the arguments, which is then taken out of them,
/// or where criterion writes those of `bench/`.
pub(crate) fn results(arguments: &mut Vec<String>) -> Result<PathBuf, Failure> {
    if let Some(at) = arguments.iter().position(|argument| argument == "--criterion") {
        if at + 1 == arguments.len() {
            return Err(Failure::Unmet("`--criterion` needs a directory".to_owned()));
        }
        let directory = arguments.remove(at + 1);
        arguments.remove(at);
        return Ok(directory.into());
    }
    if let Some(home) = env::var_os("CRITERION_HOME") {
        return Ok(home.into());
    }
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("bench/target"), PathBuf::from);
    Ok(target.join("criterion"))
}

/// Reads a baseline below criterion's directory.
pub(crate) fn read(results: &Path, name: &str) -> Result<Baseline, Failure> {
    let mut baseline = Baseline::new();
    collect(results, results, name, &mut baseline)?;
    if baseline.is_empty() {
        return Err(Failure::Unmet(format!(
            "no benchmark below {} has the baseline `{name}`: `cargo bench .. -- --save-baseline {name}` makes it",
            results.display()
        )));
    }
    Ok(baseline)
}

fn collect(results: &Path, directory: &Path, name: &str, baseline: &mut Baseline) -> Result<(), Failure> {
    for entry in fs::read_dir(directory).map_err(unreadable(directory))? {
        let path = entry.map_err(unreadable(directory))?.path();
        if !path.is_dir() {
            continue;
        }
        let estimates = path.join("estimates.json");
        if path.file_name().is_some_and(|last| last == name) && estimates.is_file() {
            let place = directory.strip_prefix(results).unwrap_or(directory).to_string_lossy().into_owned();
            let (whole, estimate) = read_benchmark(&estimates, &path.join("benchmark.json"), &place)?;
            baseline.insert(whole, estimate);
        } else {
            collect(results, &path, name, baseline)?;
        }
    }
    Ok(())
}

/// Reads one benchmark; without a description it is named after its place.
fn read_benchmark(estimates: &Path, description: &Path, place: &str) -> Result<(String, Estimate), Failure> {
    let numbers = parse(estimates)?;
    let median = |pointer: &str| -> Result<f64, Failure> {
        let number = numbers.pointer(pointer).and_then(Value::as_f64);
        number.filter(|number| number.is_finite() && *number > 0.0).ok_or_else(|| {
            Failure::Unmet(format!("{} has no positive number at {pointer}", estimates.display()))
        })
    };
    let description = if description.is_file() { parse(description)? } else { Value::Null };
    let text = |key: &str| description.get(key).and_then(Value::as_str).map(str::to_owned);
    let whole = text("full_id").unwrap_or_else(|| place.to_owned());
    let group = text("group_id").unwrap_or_else(|| whole.clone());
    let function = whole.strip_prefix(&group).unwrap_or_default().trim_start_matches('/').to_owned();
    let estimate = Estimate {
        median: median("/median/point_estimate")?,
        low: median("/median/confidence_interval/lower_bound")?,
        high: median("/median/confidence_interval/upper_bound")?,
        bytes: description.pointer("/throughput/Bytes").and_then(Value::as_u64),
        group,
        function,
    };
    Ok((whole, estimate))
}

fn parse(path: &Path) -> Result<Value, Failure> {
    let text = fs::read_to_string(path).map_err(unreadable(path))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Unmet(format!("{} is not JSON: {error}", path.display())))
}

/// The failure that a file or a directory cannot be read.
pub(crate) fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path = path.to_owned();
    move |error| Failure::Unmet(format!("cannot read {}: {error}", path.display()))
}

/// A time in the unit that suits it, with three digits.
pub(crate) fn format_time(nanoseconds: f64) -> String {
    let (unit, name) = match nanoseconds {
        time if time < 999.5 => (1.0, "ns"),
        time if time < 999.5e3 => (1e3, "us"),
        time if time < 999.5e6 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    format!("{} {name}", three_digits(nanoseconds / unit))
}

/// A positive number with three digits that count, or its whole part if that has more.
pub(crate) fn three_digits(number: f64) -> String {
    let decimals = match number {
        number if number < 9.995 => 2,
        number if number < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::{format_time, read, results};

    /// Writes what criterion would about one benchmark; the interval is 1% to either side.
    pub(crate) fn write(root: &Path, whole: &str, baseline: &str, median: f64, throughput: &str) {
        let (group, function) = whole.rsplit_once('/').expect("a name has a group");
        let place = root.join(group.replace('/', "_")).join(function).join(baseline);
        fs::create_dir_all(&place).expect("a directory can be made");
        let description = format!(
            r#"{{"group_id":"{group}","function_id":"{function}","throughput":{throughput},"full_id":"{whole}"}}"#
        );
        fs::write(place.join("benchmark.json"), description).expect("a file can be written");
        fs::write(place.join("estimates.json"), estimates(median)).expect("a file can be written");
    }

    fn estimates(median: f64) -> String {
        format!(
            r#"{{"median":{{"confidence_interval":{{"confidence_level":0.95,"lower_bound":{},"upper_bound":{}}},
            "point_estimate":{median},"standard_error":0.1}}}}"#,
            median * 0.99,
            median * 1.01
        )
    }

    #[test]
    fn benchmark_is_read_with_its_group_and_bytes() {
        let root = TempDir::new().expect("a directory can be made");
        write(root.path(), "text/encode/Planes", "old", 50.0, r#"{"Bytes":1000}"#);
        write(root.path(), "text/encode/Planes", "new", 60.0, "null");
        let old = read(root.path(), "old").expect("the baseline can be read");
        assert_eq!(old.keys().collect::<Vec<_>>(), ["text/encode/Planes"]);
        let estimate = &old["text/encode/Planes"];
        assert_eq!((estimate.group.as_str(), estimate.function.as_str()), ("text/encode", "Planes"));
        assert_eq!((estimate.median, estimate.low, estimate.high), (50.0, 49.5, 50.5));
        assert_eq!(estimate.bytes, Some(1000));
        assert_eq!(read(root.path(), "new").expect("readable")["text/encode/Planes"].bytes, None);
    }

    #[test]
    fn benchmark_without_a_description_is_named_after_its_place() {
        let root = TempDir::new().expect("a directory can be made");
        let place = root.path().join("group/function/old");
        fs::create_dir_all(&place).expect("a directory can be made");
        fs::write(place.join("estimates.json"), estimates(7.0)).expect("a file can be written");
        let old = read(root.path(), "old").expect("the baseline can be read");
        assert_eq!(old.keys().collect::<Vec<_>>(), ["group/function"]);
    }

    #[test]
    fn malformed_estimates_are_refused_by_their_path() {
        for (text, words) in [
            ("{\"median\":", "is not JSON"),
            ("", "is not JSON"),
            ("{}", "no positive number at /median/point_estimate"),
            ("{\"median\":{\"point_estimate\":\"fast\"}}", "no positive number"),
            ("{\"median\":{\"point_estimate\":0.0}}", "no positive number"),
            ("{\"median\":{\"point_estimate\":1.0}}", "no positive number at /median/confidence_interval"),
        ] {
            let root = TempDir::new().expect("a directory can be made");
            write(root.path(), "a/b", "old", 1.0, "null");
            fs::write(root.path().join("a/b/old/estimates.json"), text).expect("a file can be written");
            let message = read(root.path(), "old").expect_err("no baseline").to_string();
            assert!(message.contains("estimates.json") && message.contains(words), "{text:?}: {message}");
        }
    }

    #[test]
    fn baseline_that_nobody_saved_is_refused() {
        let root = TempDir::new().expect("a directory can be made");
        write(root.path(), "a/b", "old", 1.0, "null");
        let message = read(root.path(), "other").expect_err("no baseline").to_string();
        assert!(message.contains("`other`") && message.contains("--save-baseline"), "{message}");
        assert!(read(&root.path().join("absent"), "old").is_err());
    }

    #[test]
    fn directory_is_taken_out_of_the_arguments() {
        let mut arguments: Vec<String> =
            ["old", "--criterion", "elsewhere", "new"].map(str::to_owned).to_vec();
        assert_eq!(results(&mut arguments).ok(), Some("elsewhere".into()));
        assert_eq!(arguments, ["old", "new"]);
        assert!(results(&mut vec!["--criterion".to_owned()]).is_err());
    }

    #[test]
    fn time_has_three_digits_in_its_unit() {
        for (nanoseconds, text) in [
            (0.5, "0.50 ns"),
            (2.5, "2.50 ns"),
            (42.0, "42.0 ns"),
            (999.4, "999 ns"),
            (999.6, "1.00 us"),
            (12_345.0, "12.3 us"),
            (20e6, "20.0 ms"),
            (2.5e9, "2.50 s"),
            (1234e9, "1234 s"),
        ] {
            assert_eq!(format_time(nanoseconds), text);
        }
    }
}
