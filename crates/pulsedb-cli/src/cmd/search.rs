//! `search`: ranked hits for a question, words or a vector.

use std::io::Write;

use pulsedb::{Query, SearchOptions, SearchResult, Timestamp};
use serde::Serialize;

use crate::args::SearchArgs;
use crate::cmd::{fields, filter};
use crate::database::Target;
use crate::exit::Exit;
use crate::json::ExperienceJson;
use crate::output::Out;
use crate::output::experience::block;
use crate::output::snippet::QueryWords;
use crate::provenance::{HEADING_TAG, LINE_TAG, SOURCE_TAG};
use crate::text::printable_line;

pub(crate) fn run(target: &Target, args: SearchArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let now = Timestamp::now();
    let filter = filter::filter(args.filter, now)?;
    let options =
        SearchOptions { k: args.k, filter, exact: args.comparison.exact, ..SearchOptions::default() };
    let vector = args.vector.map(|path| fields::vector(&path)).transpose()?;
    let text = args.query.join(" ");
    let query = match &vector {
        Some(vector) => Query::Vector(vector),
        None if args.comparison.lexical => Query::Lexical(&text),
        // What `--semantic` asks for, too.
        None => Query::Text(&text),
    };
    let db = target.read()?;
    let hits = db.search(target.collective(&db)?, query, options)?;
    if args.output.json {
        let rows = hits.iter().enumerate();
        out.json(&SearchJson {
            query: vector.is_none().then_some(&text),
            collective: &target.collective,
            count: hits.len(),
            hits: rows.map(|(at, hit)| HitJson::new(hit, at + 1, &target.collective)).collect(),
        })?;
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

#[derive(Serialize)]
struct SearchJson<'a> {
    query: Option<&'a String>,
    collective: &'a str,
    count: usize,
    hits: Vec<HitJson<'a>>,
}

#[derive(Serialize)]
struct HitJson<'a> {
    rank: usize,
    score: f32,
    source: Option<&'a String>,
    line: Option<u64>,
    heading: Option<&'a String>,
    experience: ExperienceJson<'a>,
}

impl<'a> HitJson<'a> {
    fn new(hit: &'a SearchResult, rank: usize, collective: &'a str) -> Self {
        let tag = |key: &str| hit.experience.tags.get(key);
        Self {
            rank,
            score: hit.similarity,
            source: tag(SOURCE_TAG),
            line: tag(LINE_TAG).and_then(|line| line.parse().ok()),
            heading: tag(HEADING_TAG),
            experience: ExperienceJson::new(&hit.experience, collective, false),
        }
    }
}
