//! `reinforce`: counts one more use of an experience and restarts its decay.

use std::io::Write;

use pulsedb::ExperienceId;
use serde::Serialize;

use crate::args::ReinforceArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;
use crate::text::count;

pub(crate) fn run(target: &Target, args: &ReinforceArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.write()?;
    let applications = db.reinforce_experience(args.id)?;
    let energy = db.energy(args.id)?;
    if args.output.json {
        out.json(&ReinforceJson { id: args.id, applications, energy })?;
    } else {
        let times = count(u64::from(applications), "time");
        writeln!(out, "reinforced {}: {times} so far, energy {energy:.3}", args.id)?;
    }
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct ReinforceJson {
    id: ExperienceId,
    applications: u32,
    energy: f32,
}
