//! `insight`: what follows from several experiences, stored, listed, found and deleted.

use std::io::Write;

use pulsedb::{
    DerivedInsight, InsightFilter, InsightId, NewDerivedInsight, NotFoundError, PulseDBError, Query,
    Timestamp, passage,
};
use serde_json::json;

use crate::args::{InsightAddArgs, InsightArgs, InsightCommand, InsightSearchArgs};
use crate::cmd::fields;
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::links::InsightJson;
use crate::output::experience::Heading;
use crate::output::snippet::{emphasise, snippet};
use crate::output::{FAINT, Out, PLACE, STRONG};
use crate::text::{count, name_of, printable_line};
use crate::time;

/// Lines of a text that are shown.
const SNIPPET_LINES: usize = 4;
/// The text stands under the type, not under the rank.
const INDENT: &str = "    ";

pub(crate) fn run(target: &Target, args: InsightArgs, out: &mut Out) -> anyhow::Result<Exit> {
    match args.command {
        InsightCommand::Add(args) => add(target, args, out),
        InsightCommand::List { limit, offset, json } => list(target, (limit, offset), json, out),
        InsightCommand::Search(args) => search(target, args, out),
        InsightCommand::Delete { ids, output } => delete(target, &ids, output.json, out),
    }
}

fn add(target: &Target, args: InsightAddArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let embedding = args.embedding.map(|path| fields::vector(&path)).transpose()?;
    let (content, flaws) = match args.text {
        Some(text) if text != "-" => (text, Vec::new()),
        _ => fields::standard_input()?,
    };
    if content.trim().is_empty() {
        return Err(CliError::Usage("there is no text to store".to_owned()).into());
    }
    let db = target.write()?;
    let id = db.store_insight(NewDerivedInsight {
        collective_id: target.collective(&db)?,
        content,
        embedding,
        source_experience_ids: args.sources,
        insight_type: args.insight_type,
        confidence: args.confidence,
        domain: args.domain,
    })?;
    if args.output.json {
        out.json(&json!({ "id": id, "collective": target.collective }))?;
    } else {
        writeln!(out, "{id}")?;
    }
    Ok(fields::write_flaws(&flaws))
}

fn list(
    target: &Target,
    (limit, offset): (usize, usize),
    is_json: bool,
    out: &mut Out,
) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let listed = db.list_insights(target.collective(&db)?, limit, offset)?;
    let now = Timestamp::now();
    for (at, insight) in listed.iter().enumerate() {
        if is_json {
            out.json_line(&InsightJson::new(insight, &target.collective, false))?;
        } else {
            block(out, insight, &Heading { rank: offset + at + 1, score: None }, Query::Text(""), now)?;
        }
    }
    Ok(Exit::Ok)
}

fn search(target: &Target, args: InsightSearchArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let filter = InsightFilter {
        domains: (!args.domain.is_empty()).then_some(args.domain),
        insight_types: (!args.insight_types.is_empty()).then_some(args.insight_types),
        min_confidence: args.min_confidence,
    };
    let text = args.query.join(" ");
    let query = if args.lexical { Query::Lexical(&text) } else { Query::Text(&text) };
    let db = target.read()?;
    let found = db.search_insights(target.collective(&db)?, query, args.k, filter)?;
    if args.output.json {
        let hits: Vec<_> = found
            .iter()
            .enumerate()
            .map(|(at, (insight, score))| {
                let insight = InsightJson::new(insight, &target.collective, false);
                json!({ "rank": at + 1, "score": score, "insight": insight })
            })
            .collect();
        out.json(&json!({
            "query": text, "collective": target.collective, "count": found.len(), "hits": hits,
        }))?;
        return Ok(Exit::Ok);
    }
    if found.is_empty() {
        writeln!(out, "no insight found in collective `{}`", printable_line(&target.collective))?;
    }
    let now = Timestamp::now();
    for (at, (insight, score)) in found.iter().enumerate() {
        block(out, insight, &Heading { rank: at + 1, score: Some(*score) }, query, now)?;
    }
    Ok(Exit::Ok)
}

fn delete(target: &Target, ids: &[InsightId], is_json: bool, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.write()?;
    // One missing id, and nothing is done: it is more likely misspelt than superfluous.
    for id in ids {
        if db.get_insight(*id)?.is_none() {
            return Err(PulseDBError::from(NotFoundError::Insight(*id)).into());
        }
    }
    for id in ids {
        db.delete_insight(*id)?;
        if !is_json {
            writeln!(out, "deleted {id}")?;
        }
    }
    if is_json {
        out.json(&json!({ "action": "deleted", "ids": ids }))?;
    }
    Ok(Exit::Ok)
}

fn block(
    out: &mut Out,
    insight: &DerivedInsight,
    heading: &Heading,
    query: Query<'_>,
    now: Timestamp,
) -> std::io::Result<()> {
    write!(out, "{STRONG}{:>2}.{STRONG:#} ", heading.rank)?;
    if let Some(score) = heading.score {
        write!(out, "{STRONG}{score:.3}{STRONG:#}  ")?;
    }
    writeln!(out, "{PLACE}{}{PLACE:#}", name_of(&insight.insight_type))?;
    let from = passage(query, &insight.content).start;
    for line in snippet(&insight.content, from, out.width - INDENT.len(), SNIPPET_LINES) {
        writeln!(out, "{INDENT}{}", emphasise(query, &line))?;
    }
    let sources = count(insight.source_experience_ids.len() as u64, "source");
    let missing = match insight.missing_sources.len() {
        0 => String::new(),
        missing => format!(" ({missing} deleted)"),
    };
    let age = time::age(insight.created_at, now);
    writeln!(out, "{INDENT}{FAINT}{}  {sources}{missing}, {age}{FAINT:#}\n", insight.id)
}
