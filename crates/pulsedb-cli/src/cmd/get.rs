//! `get`: one experience whole, in whichever collective it is.

use pulsedb::NotFoundError;
use pulsedb::PulseDBError;

use crate::args::GetArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::json::ExperienceJson;
use crate::output::Out;
use crate::output::experience::page;

pub(crate) fn run(target: &Target, args: &GetArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let missing = || PulseDBError::from(NotFoundError::Experience(args.id));
    let experience = db.get_experience(args.id)?.ok_or_else(missing)?;
    let collective = db.get_collective(experience.collective_id)?.ok_or_else(missing)?;
    if args.output.json {
        out.json(&ExperienceJson::new(&experience, &collective.name, args.embedding))?;
        return Ok(Exit::Ok);
    }
    page(out, &experience, &collective.name, db.energy(args.id)?)?;
    if args.embedding {
        out.json_line(&experience.embedding)?;
    }
    Ok(Exit::Ok)
}
