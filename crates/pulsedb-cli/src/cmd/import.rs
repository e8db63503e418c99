//! `import`: files, trees and streams into a collective, each record once.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::ImportArgs;
use crate::cmd::fields;
use crate::database::Target;
use crate::exit::Exit;
use crate::import::content::{Request, read};
use crate::import::draft::{Defaults, Source};
use crate::import::importer::Import;
use crate::import::lock;
use crate::import::tree::{Found, WalkOptions, Walked, walk};
use crate::output::Out;
use crate::output::summary::{Detail, document, write_failures, write_summary};
use crate::report::Summary;
use crate::text::{printable_line, shorten_tail};

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
    let is_anything_there =
        !walked.files.is_empty() || !streams.is_empty() || args.pruning.prune || walked.failures.is_empty();
    let summary = if is_anything_there {
        import(target, args, &defaults, walked, !streams.is_empty())?
    } else {
        Summary { failures: walked.failures, skipped: walked.skipped, ..Summary::default() }
    };
    let detail = if args.verbose { Detail::All } else { Detail::First };
    let seconds = started.elapsed().as_secs_f64();
    if args.output.json {
        out.json(&document(&summary, &target.collective, seconds, detail))?;
    } else if !args.quiet {
        write_summary(&summary, seconds, detail, out)?;
    }
    Ok(if write_failures(&summary, detail) { Exit::Failure } else { Exit::Ok })
}

fn import(
    target: &Target,
    args: &ImportArgs,
    defaults: &Defaults,
    walked: Walked,
    with_standard_input: bool,
) -> anyhow::Result<Summary> {
    let db = target.create(args.creation.dimension)?;
    let collective = db.get_or_create_collective(&target.collective)?;
    let _lock = lock::acquire(db.path(), || {
        let _ = writeln!(
            io::stderr(),
            "another import into {} is running; waiting for it to finish",
            target.path.display()
        );
    })?;
    let mut import = Import::new(&db, collective, defaults, args.keep_ids)?;
    let progress = progress(&walked, args.quiet);
    for found in &walked.files {
        take_file(&mut import, found, args, defaults, &progress)?;
    }
    if with_standard_input {
        take_standard_input(&mut import, args, defaults)?;
    }
    if args.pruning.prune {
        import.prune(&walked.roots, args.pruning.yes)?;
    }
    let mut summary = import.finish()?;
    progress.finish_and_clear();
    summary.failures.splice(0..0, walked.failures);
    summary.skipped.merge(walked.skipped);
    Ok(summary)
}

fn take_file(
    import: &mut Import<'_>,
    found: &Found,
    args: &ImportArgs,
    defaults: &Defaults,
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    progress.set_message(shorten_tail(&printable_line(&found.source.name), 40));
    let request = Request {
        source: &found.source,
        path: Some(&found.path),
        is_named: found.is_named,
        format: args.format,
        defaults,
    };
    let reading = File::open(&found.path)
        .map_err(anyhow::Error::from)
        .and_then(|file| read(BufReader::new(progress.wrap_read(file)), request));
    match reading {
        Ok(reading) => import.take(&found.source, reading)?,
        Err(error) => import.fail_whole(&found.source, format!("{error:#}")),
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
    let request = Request { source: &source, path: None, is_named: true, format: args.format, defaults };
    match read(BufReader::new(io::stdin()), request) {
        Ok(reading) => import.take(&source, reading)?,
        Err(error) => import.fail_whole(&source, format!("{error:#}")),
    }
    Ok(())
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
