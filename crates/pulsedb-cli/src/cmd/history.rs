//! `supersede` and `history`: an experience in the place of another one, and all that were in that place.

use std::io::Write;

use pulsedb::{Experience, NewExperience, NotFoundError, PulseDB, PulseDBError, Query, Timestamp};
use serde_json::json;

use crate::args::{HistoryArgs, SupersedeArgs};
use crate::cmd::fields;
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::json::ExperienceJson;
use crate::output::Out;
use crate::output::experience::{Heading, block};
use crate::provenance::{CELL_TAG, FILE_TAG, HEADING_TAG, IMPORT_TAG, LINE_TAG, SOURCE_TAG};

pub(crate) fn supersede(target: &Target, args: SupersedeArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let given = fields::defaults(args.fields)?;
    let embedding = args.embedding.map(|path| fields::vector(&path)).transpose()?;
    let (content, flaws) = match args.text {
        Some(text) if text != "-" => (text, Vec::new()),
        _ => fields::standard_input()?,
    };
    if content.trim().is_empty() {
        return Err(CliError::Usage("there is no text to record".to_owned()).into());
    }
    let db = target.write()?;
    let old = existing(&db, args.id)?;
    let mut tags = old.tags;
    for provenance in [IMPORT_TAG, FILE_TAG, SOURCE_TAG, LINE_TAG, HEADING_TAG, CELL_TAG] {
        tags.remove(provenance);
    }
    tags.extend(given.tags.clone());
    let domain = if given.domain.is_empty() { old.domain } else { given.domain.clone() };
    let new = NewExperience {
        content,
        embedding,
        experience_type: old.experience_type,
        importance: given.importance.unwrap_or(old.importance),
        confidence: given.confidence.unwrap_or(old.confidence),
        domain,
        tags,
        related_files: old.related_files,
        source_task: old.source_task,
        ..given.experience()
    };
    let id = db.supersede_experience(args.id, new)?;
    if args.output.json {
        out.json(&json!({ "id": id, "supersedes": args.id }))?;
    } else {
        writeln!(out, "{id}")?;
    }
    Ok(fields::write_flaws(&flaws))
}

pub(crate) fn history(target: &Target, args: &HistoryArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let history = db.get_history(args.id)?;
    let collective = db.get_collective(existing(&db, args.id)?.collective_id)?;
    let collective = collective.map(|collective| collective.name).unwrap_or_default();
    if args.output.json {
        let rows: Vec<_> = history.iter().map(|one| ExperienceJson::new(one, &collective, false)).collect();
        out.json(&json!({ "id": args.id, "collective": collective, "history": rows }))?;
        return Ok(Exit::Ok);
    }
    let now = Timestamp::now();
    for (at, experience) in history.iter().enumerate() {
        block(out, experience, &Heading { rank: at + 1, score: None }, Query::Text(""), now)?;
        writeln!(out)?;
    }
    Ok(Exit::Ok)
}

fn existing(db: &PulseDB, id: pulsedb::ExperienceId) -> pulsedb::Result<Experience> {
    db.get_experience(id)?.ok_or_else(|| PulseDBError::from(NotFoundError::Experience(id)))
}
