//! `relate` and `unrelate`: what one experience has to do with another.

use std::io::Write;

use pulsedb::{NewExperienceRelation, NotFoundError, PulseDBError};
use serde_json::json;

use crate::args::{RelateArgs, UnrelateArgs};
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;

pub(crate) fn run(target: &Target, args: RelateArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.write()?;
    let id = db.store_relation(NewExperienceRelation {
        source_id: args.source,
        target_id: args.target,
        relation_type: args.relation_type,
        strength: args.strength,
        metadata: args.metadata,
    })?;
    if args.output.json {
        out.json(&json!({ "id": id }))?;
    } else {
        writeln!(out, "{id}")?;
    }
    Ok(Exit::Ok)
}

pub(crate) fn unrelate(target: &Target, args: &UnrelateArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.write()?;
    // One missing id, and nothing is done: it is more likely misspelt than superfluous.
    for id in &args.ids {
        if db.get_relation(*id)?.is_none() {
            return Err(PulseDBError::from(NotFoundError::Relation(*id)).into());
        }
    }
    for id in &args.ids {
        db.delete_relation(*id)?;
        if !args.output.json {
            writeln!(out, "deleted {id}")?;
        }
    }
    if args.output.json {
        out.json(&json!({ "action": "deleted", "ids": args.ids }))?;
    }
    Ok(Exit::Ok)
}
