//! `record`: one experience from the command line or standard input.

use std::io::Write;

use pulsedb::{NewExperience, Timestamp};
use serde_json::json;

use crate::args::RecordArgs;
use crate::cmd::fields;
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::kind;
use crate::output::Out;
use crate::time::reading::moment_or_age;

pub(crate) fn run(target: &Target, args: RecordArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let usage = |message| anyhow::Error::new(CliError::Usage(message));
    let timestamp =
        args.timestamp.map(|text| moment_or_age(&text, Timestamp::now())).transpose().map_err(usage)?;
    let expires_at = fields::end(args.expires)?;
    let experience_type = kind::with_parts(args.kind, &args.parts).map_err(usage)?;
    let embedding = args.embedding.map(|path| fields::vector(&path)).transpose()?;
    let (content, flaws) = match args.text {
        Some(text) if text != "-" => (text, Vec::new()),
        _ => fields::standard_input()?,
    };
    if content.trim().is_empty() {
        return Err(usage("there is no text to record".to_owned()));
    }
    let mut new = NewExperience {
        content,
        embedding,
        experience_type,
        related_files: args.related_files,
        source_task: args.task.map(Into::into),
        timestamp,
        key: args.key,
        expires_at,
        ..fields::defaults(args.fields)?.experience()
    };
    let db = target.create(args.creation.dimension)?;
    new.collective_id = db.get_or_create_collective(&target.collective)?;
    let id = db.record_experience(new)?;
    if args.output.json {
        out.json(&json!({ "id": id, "collective": target.collective }))?;
    } else {
        writeln!(out, "{id}")?;
    }
    Ok(fields::write_flaws(&flaws))
}
