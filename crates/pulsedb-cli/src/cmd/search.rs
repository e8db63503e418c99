//! `search`: ranked hits for a question, words or a vector.

use std::io::Write;
use std::ops::Range;

use pulsedb::{OwnedQuery, PulseDB, Query, SearchOptions, SearchResult, Timestamp, passage};
use serde::Serialize;

use crate::args::SearchArgs;
use crate::cmd::fold::folds;
use crate::cmd::{fields, filter};
use crate::database::Target;
use crate::exit::Exit;
use crate::json::{ExperienceJson, ExplainJson};
use crate::output::Out;
use crate::output::experience::{Heading, block};
use crate::output::{FAINT, explain};
use crate::provenance::{HEADING_TAG, LINE_TAG, SOURCE_TAG};
use crate::text::{count, printable_line};

pub(crate) fn run(target: &Target, args: SearchArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let now = Timestamp::now();
    let filter = filter::filter(args.filter, now)?;
    let options = SearchOptions {
        k: args.k,
        filter,
        exact: args.comparison.exact,
        explain: args.explain,
        ..SearchOptions::default()
    };
    let vector = args.vector.map(|path| fields::vector(&path)).transpose()?;
    let text = args.query.join(" ");
    let db = target.read()?;
    let collective = target.collective(&db)?;
    let is_vector = vector.is_some();
    let query = match vector {
        Some(vector) => Some(OwnedQuery::Vector(vector)),
        None if args.comparison.lexical => Some(OwnedQuery::Lexical(text.clone())),
        None if args.comparison.semantic => meaning(&db, &text)?,
        None => Some(OwnedQuery::Text(text.clone())),
    };
    let hits = match &query {
        Some(query) => db.search(collective, query.as_query(), options)?,
        // A text that the embedder does not know means nothing to it.
        None => Vec::new(),
    };
    // What is shown of a hit: where it answers the text, also if only meanings were compared.
    let shown = if args.comparison.lexical { Query::Lexical(&text) } else { Query::Text(&text) };
    let folds = folds(&hits);
    if args.output.json {
        let rows = hits.iter().enumerate().zip(&folds);
        out.json(&SearchJson {
            query: (!is_vector).then_some(&text),
            collective: &target.collective,
            count: hits.len(),
            hits: rows.map(|((at, hit), fold)| HitJson::new(hit, at, *fold, shown, target)).collect(),
        })?;
        return Ok(Exit::Ok);
    }
    if hits.is_empty() {
        writeln!(out, "nothing found in collective `{}`", printable_line(&target.collective))?;
    }
    for (at, hit) in hits.iter().enumerate() {
        if args.all || folds[at].is_none() {
            let heading = Heading { rank: at + 1, score: Some(hit.similarity) };
            block(out, &hit.experience, &heading, shown, now)?;
            if let Some(parts) = &hit.explain {
                explain::line(out, parts)?;
            }
            if !args.all {
                folded(out, &hits, &folds, at)?;
            }
            writeln!(out)?;
        }
    }
    Ok(Exit::Ok)
}

/// The vector of a text; `None` if the embedder knows nothing of it.
fn meaning(db: &PulseDB, text: &str) -> anyhow::Result<Option<OwnedQuery>> {
    let vector = db.embed(text)?;
    Ok((!vector.is_empty()).then_some(OwnedQuery::Vector(vector)))
}

/// The line that stands for hits which say nearly the same as the one at this place.
fn folded(out: &mut Out, hits: &[SearchResult], folds: &[Option<usize>], at: usize) -> anyhow::Result<()> {
    let alike: Vec<&SearchResult> =
        hits.iter().zip(folds).filter(|(_, fold)| **fold == Some(at)).map(|(hit, _)| hit).collect();
    if alike.is_empty() {
        return Ok(());
    }
    let lines: Vec<&str> =
        alike.iter().filter_map(|hit| hit.experience.tags.get(LINE_TAG)).map(String::as_str).collect();
    let lines = if lines.is_empty() { String::new() } else { format!(" (line {})", lines.join(", ")) };
    let more = count(alike.len() as u64, "more hit");
    writeln!(
        out,
        "    {FAINT}{more} of nearly the same text in this document{lines}: --all shows all{FAINT:#}"
    )?;
    Ok(())
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
    passage: PassageJson<'a>,
    folds_into: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<ExplainJson>,
    experience: ExperienceJson<'a>,
}

/// Bytes of the content, and what stands there.
#[derive(Serialize)]
struct PassageJson<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

impl<'a> HitJson<'a> {
    fn new(
        hit: &'a SearchResult,
        at: usize,
        fold: Option<usize>,
        query: Query<'_>,
        target: &'a Target,
    ) -> Self {
        let tag = |key: &str| hit.experience.tags.get(key);
        let content = hit.experience.content.as_str();
        let Range { start, end } = passage(query, content);
        Self {
            rank: at + 1,
            score: hit.similarity,
            source: tag(SOURCE_TAG),
            line: tag(LINE_TAG).and_then(|line| line.parse().ok()),
            heading: tag(HEADING_TAG),
            passage: PassageJson { start, end, text: &content[start..end] },
            folds_into: fold.map(|better| better + 1),
            explain: hit.explain.as_ref().map(ExplainJson::new),
            experience: ExperienceJson::new(&hit.experience, &target.collective, false),
        }
    }
}
