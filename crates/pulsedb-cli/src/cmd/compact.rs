//! `compact`: rewrites the data file without the room that nothing uses.

use std::io::Write;

use indicatif::HumanBytes;
use pulsedb::{PulseDBError, StorageError};
use serde_json::json;

use crate::args::JsonArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;

pub(crate) fn run(target: &Target, args: &JsonArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.write()?;
    let report = db.compact().map_err(say_what_to_do)?;
    if args.json {
        out.json(&json!({ "bytes_before": report.bytes_before, "bytes_after": report.bytes_after }))?;
    } else {
        let (before, after) = (HumanBytes(report.bytes_before), HumanBytes(report.bytes_after));
        writeln!(out, "{before} before, {after} after")?;
    }
    Ok(Exit::Ok)
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
