//! The commands on systems with engrams.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context;
use embeddenator_fs::Category;
use indicatif::HumanBytes;
use pulsedb::PulseDB;
use pulsedb_engram::{
    Error, Mount, MountOptions, RestoreReport, SnapshotOptions, SnapshotReport, StoredSnapshot,
};
use serde_json::json;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::args::{MountArgs, RestoreArgs, SnapshotArgs};
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::output::Out;
use crate::text::{count, printable_line};

pub(crate) fn snapshot(target: &Target, args: &SnapshotArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let collective = target.named_collective().map(|name| target.collective_named(&db, name)).transpose()?;
    let options = SnapshotOptions { collective, label: &args.label, ..Default::default() };
    let report = pulsedb_engram::snapshot(&db, &args.engram, &options).map_err(told)?;
    let SnapshotReport { collectives, experiences, relations, insights, .. } = report;
    if args.output.json {
        out.json(&json!({
            "path": args.engram.to_string_lossy(),
            "snapshot": report.snapshot.number,
            "collectives": collectives,
            "experiences": experiences,
            "relations": relations,
            "insights": insights,
            "sequence": report.sequence,
            "added_bytes": report.added_bytes,
            "bytes": report.engram_bytes,
        }))?;
    } else {
        let (added, bytes) = (HumanBytes(report.added_bytes), HumanBytes(report.engram_bytes));
        let (number, place) = (report.snapshot.number, args.engram.display());
        let what = counted(collectives, experiences, relations, insights);
        writeln!(out, "snapshot {number} of {what}: {added} new, {bytes} at {place}")?;
    }
    Ok(Exit::Ok)
}

pub(crate) fn restore(target: &Target, args: &RestoreArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let stored = StoredSnapshot::open(&args.engram, args.at).map_err(told)?;
    let is_there = target.path.try_exists();
    let is_there = is_there.with_context(|| format!("cannot look at {}", target.path.display()))?;
    let report = if is_there {
        let db = target.create_for(stored.embedder())?;
        restore_and_close(&stored, db)?
    } else {
        restore_beside(&stored, target)?
    };
    let RestoreReport { collectives, experiences, relations, insights, .. } = report;
    if args.output.json {
        out.json(&json!({
            "path": target.path.to_string_lossy(),
            "snapshot": stored.snapshot().number,
            "collectives": collectives,
            "experiences": experiences,
            "relations": relations,
            "insights": insights,
        }))?;
    } else {
        let (number, place) = (stored.snapshot().number, target.path.display());
        let what = counted(collectives, experiences, relations, insights);
        writeln!(out, "{what} of snapshot {number} are at {place}")?;
    }
    Ok(Exit::Ok)
}

/// Restores into a directory beside the one that is wanted, which appears when all is in it.
fn restore_beside(stored: &StoredSnapshot, target: &Target) -> anyhow::Result<RestoreReport> {
    let place = &target.path;
    let mut name = place.file_name().context("name a directory for the database")?.to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let partial: PathBuf = place.with_file_name(name);
    let restore = || -> anyhow::Result<RestoreReport> {
        let db = target.moved_to(partial.clone()).create_for(stored.embedder())?;
        let report = restore_and_close(stored, db)?;
        fs::rename(&partial, place).with_context(|| format!("cannot create {}", place.display()))?;
        Ok(report)
    };
    restore().inspect_err(|_| {
        // The first error is reported; one from cleaning up would add nothing.
        let _ = fs::remove_dir_all(&partial);
    })
}

fn restore_and_close(stored: &StoredSnapshot, db: PulseDB) -> anyhow::Result<RestoreReport> {
    let report = stored.restore(&db).map_err(told)?;
    db.close()?;
    Ok(report)
}

fn counted(collectives: u64, experiences: u64, relations: u64, insights: u64) -> String {
    let (experiences, relations) = (count(experiences, "experience"), count(relations, "relation"));
    let (insights, collectives) = (count(insights, "insight"), count(collectives, "collective"));
    format!("{experiences}, {relations} and {insights} in {collectives}")
}

/// Serves the directory until it is unmounted, by anyone or by a signal.
pub(crate) fn mount(target: &Target, args: &MountArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let collective = target.collective(&db)?;
    let options = MountOptions { allow_other: args.allow_other, ..Default::default() };
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let mounted = Mount::new(&db, collective, &args.directory, options).map_err(told)?;
    let handle = signals.handle();
    let directory = args.directory.clone();
    let waiting = thread::spawn(move || signals.forever().take(1).for_each(|_| take_down(&directory)));
    writeln!(out, "`{}` is at {}", printable_line(&target.collective), args.directory.display())?;
    out.flush()?;
    mounted.run().map_err(told)?;
    handle.close();
    // A panic of that thread was printed by it.
    let _ = waiting.join();
    Ok(Exit::Ok)
}

/// A process that still has a file open keeps it; nobody finds the directory any more.
fn take_down(directory: &Path) {
    if let Err(error) = Mount::take_down(directory) {
        eprintln!("warning: {error}");
    }
}

/// The error with the exit code that fits.
fn told(error: Error) -> anyhow::Error {
    let said = error.to_string();
    match error {
        Error::Database(error) => error.into(),
        Error::Engram(error) => match error.category() {
            Category::NotFound => CliError::NotFound(said).into(),
            Category::Busy => CliError::Busy(said).into(),
            Category::Damaged => CliError::Damaged(said).into(),
            Category::Usage => CliError::Usage(said).into(),
            _ => error.into(),
        },
        Error::NoSuchSnapshot { .. } => CliError::NotFound(said).into(),
        Error::Malformed { .. } => CliError::Damaged(said).into(),
        Error::NotASnapshot { .. } | Error::NotEmpty { .. } => CliError::Usage(said).into(),
        other => other.into(),
    }
}
