//! `import`: files, trees and streams into a collective, each record once.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::args::ImportArgs;
use crate::cmd::fields;
use crate::database::Target;
use crate::exit::Exit;
use crate::import::draft::{Defaults, Source};
use crate::import::importer::Import;
use crate::import::tree::{Found, WalkOptions, Walked, walk};
use crate::import::{content, lock};
use crate::output::Out;
use crate::report::Summary;
use crate::text::{printable_line, shorten_tail};

/// Failures that are named; all are counted.
const FAILURES_NAMED: usize = 20;
/// How often the display moves.
const TICK: Duration = Duration::from_millis(100);

pub(crate) fn run(target: &Target, args: &ImportArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let defaults = fields::defaults(args.fields.clone())?;
    let (streams, paths): (Vec<&PathBuf>, Vec<&PathBuf>) =
        args.paths.iter().partition(|path| path.as_path() == Path::new("-"));
    let options = WalkOptions { globs: &args.glob, bytes_max: args.max_bytes, database: &target.path };
    let paths: Vec<PathBuf> = paths.into_iter().cloned().collect();
    let walked = walk(&paths, &options)?;

    let db = target.create(args.creation.dimension)?;
    let collective = db.get_or_create_collective(&target.collective)?;
    let _lock = lock::acquire(db.path(), || {
        let _ = writeln!(
            io::stderr(),
            "another import into {} is running; waiting for its end",
            target.path.display()
        );
    })?;
    let mut import = Import::new(&db, collective, &defaults)?;
    let progress = progress(&walked, args.quiet);
    for found in &walked.files {
        take_file(&mut import, found, args, &defaults, &progress)?;
    }
    if !streams.is_empty() {
        take_standard_input(&mut import, args, &defaults)?;
    }
    if args.prune {
        import.prune(&walked.roots)?;
    }
    let mut summary = import.finish()?;
    progress.finish_and_clear();
    summary.failures.splice(0..0, walked.failures);
    summary.binary += walked.binary;
    let seconds = started.elapsed().as_secs_f64();
    if args.output.json {
        out.json(&summary_json(&summary, walked.too_large.len(), target, seconds))?;
    } else if !args.quiet {
        write_summary(&summary, &walked.too_large, seconds, out)?;
    }
    Ok(tell_failures(&summary))
}

fn take_file(
    import: &mut Import<'_>,
    found: &Found,
    args: &ImportArgs,
    defaults: &Defaults,
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    progress.set_message(shorten_tail(&printable_line(&found.source.name), 40));
    let content = File::open(&found.path).map_err(anyhow::Error::from).and_then(|file| {
        let reader = BufReader::new(progress.wrap_read(file));
        content::file(&found.path, reader, &found.source, args.format, defaults)
    });
    match content {
        Ok(content) => import.take(&found.source, content)?,
        Err(error) => import.fail(&found.source, 0, format!("{error:#}")),
    }
    Ok(())
}

fn take_standard_input(
    import: &mut Import<'_>,
    args: &ImportArgs,
    defaults: &Defaults,
) -> anyhow::Result<()> {
    let name = args.name.clone();
    let source =
        Source { name: name.clone().unwrap_or_else(|| "stdin".to_owned()), file: name, modified: None };
    let content = content::stream(BufReader::new(io::stdin()), &source, args.format, defaults)
        .context("cannot read standard input")?;
    Ok(import.take(&source, content)?)
}

/// A bar over the bytes of the files, drawn on standard error if that is a terminal.
fn progress(walked: &Walked, quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(walked.files.iter().map(|found| found.bytes).sum());
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {bytes}/{total_bytes} {eta} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

fn write_summary(summary: &Summary, too_large: &[String], seconds: f64, out: &mut Out) -> anyhow::Result<()> {
    let mut parts = vec![format!("{} added", HumanCount(summary.added))];
    let counts = [(summary.unchanged, "unchanged"), (summary.moved, "moved"), (summary.removed, "removed")];
    let shown = counts.iter().filter(|(count, _)| *count > 0);
    parts.extend(shown.map(|(count, what)| format!("{} {what}", HumanCount(*count))));
    let files = if summary.files == 1 { "file" } else { "files" };
    write!(out, "{} {files}: {} in {seconds:.2} s", HumanCount(summary.files), parts.join(", "))?;
    let skipped =
        [(summary.binary, "binary"), (summary.empty, "empty"), (too_large.len() as u64, "too large")];
    let skipped: Vec<String> = skipped
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", HumanCount(*count)))
        .collect();
    if !skipped.is_empty() {
        write!(out, "; passed over: {}", skipped.join(", "))?;
    }
    writeln!(out)?;
    if let Some(first) = too_large.first() {
        let first = printable_line(first);
        writeln!(out, "too large, such as {first}: name such files, or raise --max-bytes")?;
    }
    Ok(())
}

fn summary_json(summary: &Summary, too_large: usize, target: &Target, seconds: f64) -> Value {
    let failures: Vec<Value> = summary
        .failures
        .iter()
        .take(FAILURES_NAMED)
        .map(|failure| json!({ "source": failure.source, "line": failure.line, "reason": failure.reason }))
        .collect();
    json!({
        "collective": target.collective,
        "files": summary.files,
        "records": {
            "added": summary.added,
            "unchanged": summary.unchanged,
            "moved": summary.moved,
            "removed": summary.removed,
        },
        "skipped": { "binary": summary.binary, "empty": summary.empty, "too_large": too_large },
        "failure_count": summary.failures.len(),
        "failures": failures,
        "seconds": seconds,
    })
}

/// Names what failed. The rest was imported, and importing again adds what was mended.
fn tell_failures(summary: &Summary) -> Exit {
    let failures = &summary.failures;
    if failures.is_empty() {
        return Exit::Ok;
    }
    let mut stderr = anstream::stderr().lock();
    for failure in failures.iter().take(FAILURES_NAMED) {
        let line = if failure.line > 0 { format!(":{}", failure.line) } else { String::new() };
        let _ = writeln!(
            stderr,
            "{}{line}: {}",
            printable_line(&failure.source),
            printable_line(&failure.reason)
        );
    }
    if failures.len() > FAILURES_NAMED {
        let _ = writeln!(stderr, "... and {} more", failures.len() - FAILURES_NAMED);
    }
    let _ = writeln!(
        stderr,
        "error: {} not imported, everything else was; mend and import again, nothing is added twice",
        if failures.len() == 1 {
            "1 file or line was".to_owned()
        } else {
            format!("{} files or lines were", failures.len())
        }
    );
    Exit::Failure
}
