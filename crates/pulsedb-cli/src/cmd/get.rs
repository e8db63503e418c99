//! `get`: one experience whole, by its id in whichever collective it is, or by its key, with what it is related to.

use std::io::Write;

use pulsedb::{
    Experience, ExperienceId, ExperienceRelation, NotFoundError, PulseDB, PulseDBError, RelationDirection,
    Timestamp,
};
use serde::Serialize;

use crate::args::GetArgs;
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::json::ExperienceJson;
use crate::links::RelationJson;
use crate::output::experience::page;
use crate::output::{FAINT, Out, STRONG};
use crate::text::{name_of, printable_line, shorten_head};

/// Bytes of the beginning of another text.
const BEGINNING_BYTES_MAX: usize = 60;

pub(crate) fn run(target: &Target, args: &GetArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let experience = find(&db, target, args)?;
    let missing = || PulseDBError::from(NotFoundError::Collective(experience.collective_id));
    let collective = db.get_collective(experience.collective_id)?.ok_or_else(missing)?;
    let related = unless_hidden(db.get_related_experiences(experience.id, RelationDirection::Both))?;
    let history = unless_hidden(db.get_history(experience.id))?;
    if args.output.json {
        out.json(&GetJson {
            experience: ExperienceJson::new(&experience, &collective.name, args.embedding),
            relations: related.iter().map(|(_, relation)| RelationJson::new(relation)).collect(),
            history: history.iter().map(|one| one.id).collect(),
        })?;
        return Ok(Exit::Ok);
    }
    let Experience { importance, applications, last_reinforced, .. } = experience;
    let decay = &db.config().decay;
    let energy = pulsedb::energy(importance, applications, last_reinforced, Timestamp::now(), decay);
    page(out, &experience, &collective.name, energy)?;
    write_related(out, experience.id, &related)?;
    if history.len() > 1 {
        writeln!(out, "\n{STRONG}history{STRONG:#}, oldest first")?;
    }
    for one in history.iter().filter(|_| history.len() > 1) {
        let text = shorten_head(&printable_line(&one.content), BEGINNING_BYTES_MAX);
        writeln!(out, "  {FAINT}{}{FAINT:#}  {text}", one.id)?;
    }
    if args.embedding {
        out.json_line(&experience.embedding)?;
    }
    Ok(Exit::Ok)
}

/// An experience with what it has to do with others.
#[derive(Serialize)]
struct GetJson<'a> {
    #[serde(flatten)]
    experience: ExperienceJson<'a>,
    relations: Vec<RelationJson<'a>>,
    /// Itself, what it supersedes and what supersedes it, oldest first.
    history: Vec<ExperienceId>,
}

/// What has expired is shown by its id, and hidden from every other call.
fn unless_hidden<T>(found: pulsedb::Result<Vec<T>>) -> pulsedb::Result<Vec<T>> {
    match found {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        found => found,
    }
}

fn write_related(
    out: &mut Out,
    id: ExperienceId,
    related: &[(Experience, ExperienceRelation)],
) -> anyhow::Result<()> {
    if !related.is_empty() {
        writeln!(out, "\n{STRONG}relations{STRONG:#}")?;
    }
    for (other, relation) in related {
        let says = name_of(&relation.relation_type);
        let arrow = if relation.source_id == id { "->" } else { "<-" };
        let text = shorten_head(&printable_line(&other.content), BEGINNING_BYTES_MAX);
        writeln!(out, "  {says:<12} {arrow} {FAINT}{}{FAINT:#}  {text}", other.id)?;
    }
    Ok(())
}

fn find(db: &PulseDB, target: &Target, args: &GetArgs) -> anyhow::Result<Experience> {
    if let Some(id) = args.id {
        let missing = || PulseDBError::from(NotFoundError::Experience(id));
        return Ok(db.get_experience(id)?.ok_or_else(missing)?);
    }
    let key = args.key.as_deref().unwrap_or_default();
    let found = db.get_by_key(target.collective(db)?, key)?;
    Ok(found.ok_or_else(|| CliError::NotFound(format!("no experience with the key `{key}`")))?)
}
