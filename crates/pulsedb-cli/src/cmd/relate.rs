//! `relate`: says what one experience has to do with another.

use std::io::Write;

use pulsedb::NewExperienceRelation;
use serde_json::json;

use crate::args::RelateArgs;
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
