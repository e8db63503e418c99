//! `supersede` and `history`: an experience in the place of another one, and all that were in that place.

use std::io::Write;

use pulsedb::{
    AgentId, Experience, ExperienceId, ExperienceRelation, NewExperience, NotFoundError, PulseDB,
    PulseDBError, Query, RelationDirection, RelationType, Timestamp,
};
use serde_json::json;

use crate::args::{HistoryArgs, SupersedeArgs};
use crate::cmd::fields;
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::json::ExperienceJson;
use crate::links::RelationJson;
use crate::output::Out;
use crate::output::experience::{Heading, block};
use crate::provenance::{CELL_TAG, COUNTED_TAG, FILE_TAG, HEADING_TAG, IMPORT_TAG, LINE_TAG, SOURCE_TAG};

pub(crate) fn supersede(target: &Target, args: SupersedeArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let given = args.fields;
    let expires_at = fields::end(given.expires)?;
    let keeps_end = expires_at.is_none() && !given.no_expiry;
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
    tags.retain(|key, _| !key.starts_with(COUNTED_TAG));
    tags.extend(fields::tag_map(given.tags)?);
    let domain = if given.domain.is_empty() { old.domain } else { given.domain };
    let plain = NewExperience::default();
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
        source_agent: given.agent.map_or(plain.source_agent, AgentId::from),
        duplicate: given.duplicates.into(),
        // Without one, the key of the old one moves.
        key: given.key,
        expires_at: if keeps_end { old.expires_at } else { expires_at },
        ..NewExperience::default()
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
    let superseding: Vec<Vec<ExperienceRelation>> =
        history.iter().map(|one| superseding(&db, one.id)).collect::<pulsedb::Result<_>>()?;
    if args.output.json {
        let rows: Vec<_> = history.iter().map(|one| ExperienceJson::new(one, &collective, false)).collect();
        let relations: Vec<_> = superseding.iter().flatten().map(RelationJson::new).collect();
        out.json(
            &json!({ "id": args.id, "collective": collective, "history": rows, "relations": relations }),
        )?;
        return Ok(Exit::Ok);
    }
    let now = Timestamp::now();
    for (at, (experience, relations)) in history.iter().zip(&superseding).enumerate() {
        block(out, experience, &Heading { rank: at + 1, score: None }, Query::Text(""), now)?;
        // The order of time alone does not tell a fork from a chain.
        let ranks = relations.iter().filter_map(|relation| {
            history.iter().position(|one| one.id == relation.target_id).map(|at| format!("{}.", at + 1))
        });
        let ranks: Vec<String> = ranks.collect();
        if !ranks.is_empty() {
            writeln!(out, "    in the place of {}", ranks.join(" and "))?;
        }
        writeln!(out)?;
    }
    Ok(Exit::Ok)
}

/// The relations by which an experience stands in the place of others.
fn superseding(db: &PulseDB, id: ExperienceId) -> pulsedb::Result<Vec<ExperienceRelation>> {
    let supersedes = Some(RelationType::Supersedes);
    let related = db.get_related_experiences_filtered(id, RelationDirection::Outgoing, supersedes)?;
    Ok(related.into_iter().map(|(_, relation)| relation).collect())
}

fn existing(db: &PulseDB, id: ExperienceId) -> pulsedb::Result<Experience> {
    db.get_experience(id)?.ok_or_else(|| PulseDBError::from(NotFoundError::Experience(id)))
}
