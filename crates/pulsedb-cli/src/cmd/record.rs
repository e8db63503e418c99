//! `record`: one experience from the command line or standard input.

use std::io::{Read, Write};

use anyhow::Context;
use pulsedb::limits::CONTENT_BYTES_MAX;
use pulsedb::{NewExperience, Timestamp};
use serde_json::json;

use crate::args::RecordArgs;
use crate::cmd::fields;
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::output::Out;
use crate::{kind, time};

pub(crate) fn run(target: &Target, args: RecordArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let usage = |message| anyhow::Error::new(CliError::Usage(message));
    let timestamp =
        args.timestamp.map(|text| time::parse(&text, Timestamp::now())).transpose().map_err(usage)?;
    let experience_type = kind::with_parts(args.kind, &args.parts).map_err(usage)?;
    let embedding = args.embedding.map(|path| fields::vector(&path)).transpose()?;
    let content = match args.text {
        Some(text) if text != "-" => text,
        _ => standard_input()?,
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
    Ok(Exit::Ok)
}

/// What standard input holds, one byte beyond the limit at the most: then the database refuses it.
fn standard_input() -> anyhow::Result<String> {
    let mut text = String::new();
    let room = CONTENT_BYTES_MAX as u64 + 4;
    std::io::stdin()
        .lock()
        .take(room)
        .read_to_string(&mut text)
        .context("cannot read standard input as UTF-8")?;
    // The line end that the shell adds is not part of what is said.
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    Ok(text)
}
