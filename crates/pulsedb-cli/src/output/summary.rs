//! What an import did, as a few lines for people and as a document for programs.

use std::io::Write;

use indicatif::HumanCount;
use serde_json::{Map, Value, json};

use crate::output::Out;
use crate::report::{Failure, Input, Summary};
use crate::text::{count, printable_line};

/// Failures that are named unless all are asked for; all are counted.
const FAILURES_NAMED: usize = 20;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    First,
    /// Each input, and each failure.
    All,
}

impl Detail {
    fn failures(self, summary: &Summary) -> &[Failure] {
        let count = if self == Self::All { usize::MAX } else { FAILURES_NAMED };
        &summary.failures[..summary.failures.len().min(count)]
    }
}

/// Writes the counts, each of them only if it is not zero.
pub(crate) fn write_summary(
    summary: &Summary,
    seconds: f64,
    detail: Detail,
    out: &mut Out,
) -> anyhow::Result<()> {
    if detail == Detail::All {
        for input in &summary.inputs {
            writeln!(out, "{}: {}", printable_line(&input.source), outcome(input))?;
        }
    }
    let files = count(summary.files, "file");
    let added = format!("{} added", HumanCount(summary.added));
    let parts: Vec<String> = std::iter::once(added).chain(others(summary)).collect();
    write!(out, "{files}: {} in {seconds:.2} s", parts.join(", "))?;
    let skipped = &summary.skipped;
    let reasons = [
        (skipped.binary, "binary"),
        (skipped.empty, "empty"),
        (skipped.too_large.len() as u64, "too large"),
        (skipped.data.len() as u64, "JSON without words"),
        (skipped.ignored, "ignored"),
        (skipped.hidden, "hidden"),
        (skipped.special, "links or devices"),
    ];
    let reasons: Vec<String> = counts(&reasons).collect();
    if !reasons.is_empty() {
        write!(out, "; skipped: {}", reasons.join(", "))?;
    }
    writeln!(out)?;
    if let Some(first) = skipped.too_large.first() {
        let first = printable_line(first);
        writeln!(out, "too large, such as {first}: name such files, or raise --max-bytes")?;
    }
    if let Some(first) = skipped.data.first() {
        let first = printable_line(first);
        writeln!(
            out,
            "JSON without words, such as {first}: to import such a file, name it and pass --format text"
        )?;
    }
    let left_out = summary.left_out.0.iter().map(|(omission, count)| {
        format!("{} {}", HumanCount(*count), omission.noun()[usize::from(*count != 1)])
    });
    let left_out: Vec<String> = left_out.collect();
    if !left_out.is_empty() {
        writeln!(out, "left out: {}", left_out.join(", "))?;
    }
    let joined = [(summary.relations, "relation"), (summary.insights, "insight")];
    let joined: Vec<String> =
        joined.into_iter().filter(|(of, _)| *of > 0).map(|(of, noun)| count(of, noun)).collect();
    if !joined.is_empty() {
        writeln!(out, "joined by {}", joined.join(" and "))?;
    }
    if summary.unknown_references > 0 {
        let references = count(summary.unknown_references, "reference");
        writeln!(
            out,
            "kept as they are: {references} to records that are neither in the input nor in the database"
        )?;
    }
    for (encoding, sources) in &summary.encodings {
        let first = sources.first().map(|first| printable_line(first)).unwrap_or_default();
        writeln!(out, "read as {encoding}: {}, such as {first}", count(sources.len() as u64, "file"))?;
    }
    Ok(())
}

/// What became of the records that were not added.
fn others(summary: &Summary) -> Vec<String> {
    let others = [
        (summary.reinforced, "reinforced"),
        (summary.unchanged, "unchanged"),
        (summary.moved, "moved"),
        (summary.removed, "removed"),
    ];
    counts(&others).collect()
}

fn counts<'a>(counts: &'a [(u64, &'a str)]) -> impl Iterator<Item = String> + 'a {
    counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", HumanCount(*count)))
}

fn outcome(input: &Input) -> String {
    let numbers = [
        (input.added, "added"),
        (input.unchanged, "unchanged"),
        (input.moved, "moved"),
        (input.removed, "removed"),
        (input.failures, "failed"),
    ];
    let mut parts: Vec<String> = counts(&numbers).collect();
    parts.extend(input.skipped.map(|reason| format!("skipped ({reason})")));
    if parts.is_empty() { "nothing to import".to_owned() } else { parts.join(", ") }
}

/// The document that `--json` prints.
pub(crate) fn document(summary: &Summary, collective: &str, seconds: f64, detail: Detail) -> Value {
    let failures: Vec<Value> = detail
        .failures(summary)
        .iter()
        .map(|failure| json!({ "source": failure.source, "line": failure.line, "reason": failure.reason }))
        .collect();
    let left_out: Map<String, Value> = summary
        .left_out
        .0
        .iter()
        .map(|(omission, count)| (omission.key().to_owned(), json!(count)))
        .collect();
    let encodings: Map<String, Value> =
        summary.encodings.iter().map(|(name, sources)| ((*name).to_owned(), json!(sources))).collect();
    let skipped = &summary.skipped;
    let mut document = json!({
        "collective": collective,
        "files": summary.files,
        "records": {
            "added": summary.added,
            "reinforced": summary.reinforced,
            "unchanged": summary.unchanged,
            "moved": summary.moved,
            "removed": summary.removed,
        },
        "skipped": {
            "binary": skipped.binary,
            "empty": skipped.empty,
            "too_large": skipped.too_large.len(),
            "data": skipped.data.len(),
            "ignored": skipped.ignored,
            "hidden": skipped.hidden,
            "special": skipped.special,
        },
        "left_out": left_out,
        "relations": summary.relations,
        "insights": summary.insights,
        "unknown_references": summary.unknown_references,
        "encodings": encodings,
        "failure_count": summary.failures.len(),
        "failures": failures,
        "seconds": seconds,
    });
    if detail == Detail::All {
        document["inputs"] = summary.inputs.iter().map(input).collect();
    }
    document
}

fn input(input: &Input) -> Value {
    json!({
        "source": input.source,
        "added": input.added,
        "unchanged": input.unchanged,
        "moved": input.moved,
        "removed": input.removed,
        "failures": input.failures,
        "skipped": input.skipped,
    })
}

/// Names what failed on standard error and says whether anything did. The rest was imported, and importing again adds
/// what was corrected.
pub(crate) fn write_failures(summary: &Summary, detail: Detail) -> bool {
    if summary.failures.is_empty() {
        return false;
    }
    let named = detail.failures(summary);
    let mut stderr = anstream::stderr().lock();
    // If nobody can read the message there is nobody to tell.
    for failure in named {
        let line = if failure.line > 0 { format!(":{}", failure.line) } else { String::new() };
        let source = printable_line(&failure.source);
        let _ = writeln!(stderr, "{source}{line}: {}", printable_line(&failure.reason));
    }
    if summary.failures.len() > named.len() {
        let more = summary.failures.len() - named.len();
        let _ = writeln!(stderr, "... and {more} more; --verbose names them all");
    }
    let problems = count(summary.failures.len() as u64, "problem");
    let _ = writeln!(
        stderr,
        "error: {problems}, see above; everything else was imported. Correct them and import again: nothing is added twice"
    );
    true
}
