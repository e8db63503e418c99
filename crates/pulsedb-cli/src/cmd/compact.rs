//! `compact`: rewrites the data file without the room that nothing uses.

use std::io::Write;
use std::time::Duration;

use indicatif::HumanBytes;
use pulsedb::{PulseDB, PulseDBError, StorageError};
use serde_json::json;

use crate::args::JsonArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;

/// The time between two looks at how far the database is: about that of one step of its.
const LOOK: Duration = Duration::from_millis(20);
/// So many looks without a row less, ten seconds, mean that it will not get on.
const LOOKS_WITHOUT_PROGRESS: u32 = 500;

pub(crate) fn run(target: &Target, args: &JsonArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.write()?;
    wait_for_reclaiming(&db)?;
    let report = db.compact().map_err(say_what_to_do)?;
    if args.json {
        out.json(&json!({ "bytes_before": report.bytes_before, "bytes_after": report.bytes_after }))?;
    } else {
        let (before, after) = (HumanBytes(report.bytes_before), HumanBytes(report.bytes_after));
        writeln!(out, "{before} before, {after} after")?;
    }
    Ok(Exit::Ok)
}

/// Waits while the database removes the rows of deleted collectives, which it does by itself when it is idle: what is
/// removed after the compaction would leave its room in the file. Where that makes no progress, it does not wait.
fn wait_for_reclaiming(db: &PulseDB) -> pulsedb::Result<()> {
    let mut fewest = u64::MAX;
    let mut looks = 0;
    while looks < LOOKS_WITHOUT_PROGRESS {
        let stats = db.stats()?;
        if stats.collectives_reclaiming == 0 {
            break;
        }
        let rows = stats.tables.iter().map(|table| table.rows).sum();
        looks = if rows < fewest { 0 } else { looks + 1 };
        fewest = fewest.min(rows);
        std::thread::sleep(LOOK);
    }
    Ok(())
}

fn say_what_to_do(error: PulseDBError) -> anyhow::Error {
    let is_locked = matches!(error, PulseDBError::Storage(StorageError::DatabaseLocked { .. }));
    let error = anyhow::Error::new(error);
    if is_locked {
        error.context(
            "cannot compact while another process has the database open: end it, or wait until it is done, and run \
             this again; `pulsedb stats` lists the processes that write",
        )
    } else {
        error
    }
}
