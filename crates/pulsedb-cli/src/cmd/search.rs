//! `search`: ranked hits for a question or a vector.

use std::io::Write;

use pulsedb::{Query, SearchOptions, SearchResult, Timestamp};
use serde_json::json;

use crate::args::SearchArgs;
use crate::cmd::{fields, filter};
use crate::database::Target;
use crate::exit::Exit;
use crate::import::draft::{HEADING_TAG, LINE_TAG, SOURCE_TAG};
use crate::json::ExperienceJson;
use crate::render::Out;
use crate::render::experience::block;
use crate::render::snippet::QueryWords;
use crate::text::printable_line;

pub(crate) fn run(target: &Target, args: SearchArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let now = Timestamp::now();
    let options =
        SearchOptions { k: args.k, filter: filter::filter(args.filter, now)?, ..SearchOptions::default() };
    let vector = args.vector.map(|path| fields::vector(&path)).transpose()?;
    let text = args.query.join(" ");
    let query = match &vector {
        Some(vector) => Query::Vector(vector),
        None => Query::Text(&text),
    };
    let db = target.read()?;
    let hits = db.search(target.collective(&db)?, query, options)?;
    if args.json {
        let hits: Vec<_> =
            hits.iter().enumerate().map(|(at, hit)| hit_json(hit, at + 1, &target.collective)).collect();
        let query = vector.is_none().then_some(text);
        out.json(
            &json!({ "query": query, "collective": target.collective, "count": hits.len(), "hits": hits }),
        )?;
        return Ok(Exit::Ok);
    }
    if hits.is_empty() {
        writeln!(out, "nothing found in collective `{}`", printable_line(&target.collective))?;
    }
    let words = QueryWords::of(&text);
    for (at, hit) in hits.iter().enumerate() {
        block(out, &hit.experience, at + 1, Some(hit.similarity), &words, now)?;
    }
    Ok(Exit::Ok)
}

fn hit_json(hit: &SearchResult, rank: usize, collective: &str) -> serde_json::Value {
    let tag = |key: &str| hit.experience.tags.get(key);
    json!({
        "rank": rank,
        "score": hit.similarity,
        "source": tag(SOURCE_TAG),
        "line": tag(LINE_TAG).and_then(|line| line.parse::<u64>().ok()),
        "heading": tag(HEADING_TAG),
        "experience": ExperienceJson::new(&hit.experience, collective, false),
    })
}
