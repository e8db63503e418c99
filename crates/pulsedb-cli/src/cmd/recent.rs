//! `recent`: the newest experiences that pass a filter.

use std::io::Write;

use pulsedb::{Query, Timestamp};
use serde::Serialize;

use crate::args::RecentArgs;
use crate::cmd::filter;
use crate::database::Target;
use crate::exit::Exit;
use crate::json::ExperienceJson;
use crate::output::Out;
use crate::output::experience::{Heading, block};
use crate::text::printable_line;

pub(crate) fn run(target: &Target, args: RecentArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let now = Timestamp::now();
    let filter = filter::filter(args.filter, now)?;
    let db = target.read()?;
    let rows = db.get_recent_experiences_filtered(target.collective(&db)?, args.limit, filter)?;
    if args.output.json {
        let experiences = rows.iter().map(|it| ExperienceJson::new(it, &target.collective, false)).collect();
        out.json(&RecentJson { collective: &target.collective, count: rows.len(), experiences })?;
        return Ok(Exit::Ok);
    }
    if rows.is_empty() {
        writeln!(out, "nothing in collective `{}`", printable_line(&target.collective))?;
    }
    for (at, experience) in rows.iter().enumerate() {
        // Nothing is asked for, so that each begins with its beginning.
        block(out, experience, &Heading { rank: at + 1, score: None }, Query::Text(""), now)?;
        writeln!(out)?;
    }
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct RecentJson<'a> {
    collective: &'a str,
    count: usize,
    experiences: Vec<ExperienceJson<'a>>,
}
