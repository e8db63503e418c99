//! `ingest`: a new engram of directories.

use std::io::Write;

use embeddenator_fs::{Engram, EngramPath, IngestOptions, IngestReport, Node};
use serde_json::{Value, json};

use crate::args::{IngestArgs, TakingArgs};
use crate::exit::Exit;
use crate::plan::{self, Patterns};
use crate::render::{Bar, Out, snapshot_json};

pub(crate) fn run(args: &IngestArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let sources = plan::sources(&args.sources, args.tar, &args.out)?;
    let time = plan::time_set()?;
    let report = with_options(&args.taking, |options| {
        let options = IngestOptions { time, overwrite: args.overwrite, ..options };
        Engram::create(&args.out, &sources, &options, &Bar::default())
    })?;
    write_report(&report, args.output.json, out)?;
    Ok(Exit::Ok)
}

/// Calls `take` with the options that the arguments ask for.
pub(crate) fn with_options<T>(
    args: &TakingArgs,
    take: impl FnOnce(IngestOptions<'_>) -> embeddenator_fs::Result<T>,
) -> anyhow::Result<T> {
    let patterns = Patterns::new(&args.exclude)?;
    let exclude = |path: &EngramPath, _: &Node| patterns.is_match(path);
    let taken = take(IngestOptions {
        profile: args.effort.profile,
        index: args.index.index,
        threads: args.effort.threads.threads,
        label: &args.label.label,
        one_file_system: args.one_file_system,
        all_root: args.all_root,
        exclude: Some(&exclude),
        ..IngestOptions::default()
    })?;
    Ok(taken)
}

/// Says what was taken in.
pub(crate) fn write_report(report: &IngestReport, json: bool, out: &mut Out) -> anyhow::Result<()> {
    if json {
        return out.json(&report_json(report));
    }
    let snapshot = &report.snapshot;
    writeln!(
        out,
        "snapshot {}: {} entries, {} bytes; {} bytes new; engram {} bytes, {} more",
        snapshot.number,
        snapshot.entries,
        snapshot.bytes,
        report.fresh_bytes,
        report.engram_bytes,
        report.added_bytes
    )?;
    Ok(())
}

fn report_json(report: &IngestReport) -> Value {
    json!({
        "snapshot": snapshot_json(&report.snapshot),
        "fresh_bytes": report.fresh_bytes,
        "fresh_chunks": report.fresh_chunks,
        "unchanged_files": report.unchanged_files,
        "added_bytes": report.added_bytes,
        "engram_bytes": report.engram_bytes,
    })
}
