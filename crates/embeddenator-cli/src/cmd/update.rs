//! `update`: new snapshots of an engram, and the same ones in fewer bytes.

use std::io::Write;

use embeddenator_fs::{CompactOptions, Engram, IngestOptions, Source};
use serde_json::json;

use super::ingest::{with_options, write_report};
use crate::args::{AddArgs, CompactArgs, ModifyArgs, RemoveArgs, UpdateCommand};
use crate::exit::Exit;
use crate::plan;
use crate::render::{Bar, Out};

pub(crate) fn run(command: &UpdateCommand, out: &mut Out) -> anyhow::Result<Exit> {
    match command {
        UpdateCommand::Add(args) => add(args, out),
        UpdateCommand::Remove(args) => remove(args, out),
        UpdateCommand::Modify(args) => modify(args, out),
        UpdateCommand::Compact(args) => compact(args, out),
    }
}

/// Adds files and directories under their own names to the present state.
fn add(args: &AddArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let sources: Vec<Source> = args.sources.iter().map(Source::named).collect::<Result<_, _>>()?;
    let time = Some(plan::time_of_update()?);
    let report = with_options(&args.taking, |options| {
        let options = IngestOptions { time, reread: args.reread, ..options };
        Engram::add(&args.engram, &sources, &options, &Bar::default())
    })?;
    write_report(&report, args.output.json, out)?;
    Ok(Exit::Ok)
}

/// Replaces the present state with that of directories.
fn modify(args: &ModifyArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let sources = plan::sources(&args.sources, args.tar, &args.engram)?;
    let time = Some(plan::time_of_update()?);
    let report = with_options(&args.taking, |options| {
        let options = IngestOptions { time, reread: args.reread, ..options };
        Engram::modify(&args.engram, &sources, &options, &Bar::default())
    })?;
    write_report(&report, args.output.json, out)?;
    Ok(Exit::Ok)
}

/// What is there without some paths.
fn remove(args: &RemoveArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let paths = plan::paths(&args.paths)?;
    let time = Some(plan::time_of_update()?);
    let options = IngestOptions { time, label: &args.label.label, ..IngestOptions::default() };
    let report = Engram::remove(&args.engram, &paths, &options)?;
    write_report(&report, args.output.json, out)?;
    Ok(Exit::Ok)
}

/// The same snapshots without what none of them needs.
fn compact(args: &CompactArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let options = CompactOptions {
        profile: args.effort.profile,
        index: args.index.index,
        threads: args.effort.threads.threads,
    };
    let report = Engram::compact(&args.engram, options, &Bar::default())?;
    if args.output.json {
        out.json(&json!({
            "bytes_before": report.bytes_before,
            "bytes_after": report.bytes_after,
            "chunks_before": report.chunks_before,
            "chunks_after": report.chunks_after,
        }))?;
    } else {
        writeln!(out, "{} bytes, {} before", report.bytes_after, report.bytes_before)?;
    }
    Ok(Exit::Ok)
}
