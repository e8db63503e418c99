//! `forget`: archives experiences, brings them back, or deletes them.

use std::io::Write;

use pulsedb::{NotFoundError, PulseDB, PulseDBError};
use serde_json::json;

use crate::args::ForgetArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;

pub(crate) fn run(target: &Target, args: &ForgetArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.write()?;
    // One missing id, and nothing is done: it is more likely misspelt than superfluous.
    for id in &args.ids {
        if db.get_experience(*id)?.is_none() {
            return Err(PulseDBError::from(NotFoundError::Experience(*id)).into());
        }
    }
    let (action, apply): (_, fn(&PulseDB, _) -> _) = match (args.delete, args.undo) {
        (true, _) => ("deleted", PulseDB::delete_experience),
        (_, true) => ("unarchived", PulseDB::unarchive_experience),
        _ => ("archived", PulseDB::archive_experience),
    };
    for id in &args.ids {
        apply(&db, *id)?;
        if !args.output.json {
            writeln!(out, "{action} {id}")?;
        }
    }
    if args.output.json {
        out.json(&json!({ "action": action, "ids": args.ids }))?;
    }
    Ok(Exit::Ok)
}
