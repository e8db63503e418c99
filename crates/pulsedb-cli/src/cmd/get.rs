//! `get`: one experience whole, by its id in whichever collective it is, or by its key.

use pulsedb::{Experience, NotFoundError, PulseDB, PulseDBError, Timestamp};

use crate::args::GetArgs;
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::json::ExperienceJson;
use crate::output::Out;
use crate::output::experience::page;

pub(crate) fn run(target: &Target, args: &GetArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let experience = find(&db, target, args)?;
    let missing = || PulseDBError::from(NotFoundError::Collective(experience.collective_id));
    let collective = db.get_collective(experience.collective_id)?.ok_or_else(missing)?;
    if args.output.json {
        out.json(&ExperienceJson::new(&experience, &collective.name, args.embedding))?;
        return Ok(Exit::Ok);
    }
    let Experience { importance, applications, last_reinforced, .. } = experience;
    let decay = &db.config().decay;
    let energy = pulsedb::energy(importance, applications, last_reinforced, Timestamp::now(), decay);
    page(out, &experience, &collective.name, energy)?;
    if args.embedding {
        out.json_line(&experience.embedding)?;
    }
    Ok(Exit::Ok)
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
