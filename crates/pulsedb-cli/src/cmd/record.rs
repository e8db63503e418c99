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
use crate::import::encoding::{Decoded, Flaw, Text, decode};
use crate::kind;
use crate::output::Out;
use crate::text::printable_line;
use crate::time::reading::moment_or_age;

pub(crate) fn run(target: &Target, args: RecordArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let usage = |message| anyhow::Error::new(CliError::Usage(message));
    let timestamp =
        args.timestamp.map(|text| moment_or_age(&text, Timestamp::now())).transpose().map_err(usage)?;
    let experience_type = kind::with_parts(args.kind, &args.parts).map_err(usage)?;
    let embedding = args.embedding.map(|path| fields::vector(&path)).transpose()?;
    let (content, flaws) = match args.text {
        Some(text) if text != "-" => (text, Vec::new()),
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
    for flaw in &flaws {
        eprintln!("standard input, line {}: {}", flaw.line, printable_line(&flaw.reason));
    }
    Ok(if flaws.is_empty() { Exit::Ok } else { Exit::Failure })
}

/// The text that standard input holds, with what of it could not be read. It is read up to a little beyond the limit at
/// the most: then the database refuses it.
fn standard_input() -> anyhow::Result<(String, Vec<Flaw>)> {
    let mut bytes = Vec::new();
    // A character of UTF-16 takes two bytes where UTF-8 may take one.
    let room = 2 * CONTENT_BYTES_MAX as u64 + 4;
    std::io::stdin().lock().take(room).read_to_end(&mut bytes).context("cannot read standard input")?;
    match decode(&bytes) {
        Decoded::Text(Text { content: mut text, flaws, .. }) => {
            // The line end that the shell adds is not part of what is said.
            text.truncate(text.trim_end_matches('\n').len());
            Ok((text, flaws))
        }
        Decoded::Empty if bytes.trim_ascii().is_empty() => Ok((String::new(), Vec::new())),
        Decoded::Empty | Decoded::Nuls(_) | Decoded::Binary => anyhow::bail!("standard input is not text"),
    }
}
