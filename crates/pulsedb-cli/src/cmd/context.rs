//! `context`: what an agent may need to know, as Markdown for a prompt or as JSON.

use std::io::Write;

use pulsedb::{ContextCandidates, ContextRequest, Timestamp};
use serde_json::json;

use crate::args::ContextArgs;
use crate::cmd::{fields, filter};
use crate::database::Target;
use crate::exit::Exit;
use crate::json::{ExperienceJson, Moment};
use crate::links::{InsightJson, RelationJson};
use crate::output::Out;
use crate::text::{count, printable};

pub(crate) fn run(target: &Target, args: ContextArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let text = args.query.join(" ");
    let request = ContextRequest {
        query_embedding: args.vector.map(|path| fields::vector(&path)).transpose()?,
        query_text: (!text.is_empty()).then_some(text),
        max_similar: args.similar,
        max_recent: args.recent,
        include_insights: !args.without.no_insights,
        include_relations: !args.without.no_relations,
        include_active_agents: !args.without.no_agents,
        filter: filter::filter(args.filter, Timestamp::now())?,
        max_tokens: args.tokens,
        ..ContextRequest::default()
    };
    let db = target.read()?;
    let collective_id = target.collective(&db)?;
    let found = db.get_context_candidates(ContextRequest { collective_id, ..request })?;
    if args.output.json {
        out.json(&document(&found, &target.collective))?;
    } else {
        let markdown = found.render_markdown();
        if markdown.is_empty() && found.omitted > 0 {
            let rows = count(found.omitted as u64, "row");
            eprintln!("note: none of {rows} fits into so few tokens; raise --tokens");
        }
        write!(out, "{}", printable(&markdown))?;
    }
    Ok(Exit::Ok)
}

fn document(found: &ContextCandidates, collective: &str) -> serde_json::Value {
    let similar = found.similar_experiences.iter().map(|hit| {
        let experience = ExperienceJson::new(&hit.experience, collective, false);
        json!({ "score": hit.similarity, "experience": experience })
    });
    let recent = found.recent_experiences.iter().map(|one| ExperienceJson::new(one, collective, false));
    let insights = found.insights.iter().map(
        |(insight, score)| json!({ "score": score, "insight": InsightJson::new(insight, collective, false) }),
    );
    let agents = found.active_agents.iter().map(|one| {
        json!({
            "agent": one.agent_id,
            "task": one.current_task,
            "summary": one.context_summary,
            "started_at": Moment(one.started_at),
            "last_heartbeat": Moment(one.last_heartbeat),
        })
    });
    json!({
        "collective": collective,
        "similar": similar.collect::<Vec<_>>(),
        "recent": recent.collect::<Vec<_>>(),
        "insights": insights.collect::<Vec<_>>(),
        "relations": found.relations.iter().map(RelationJson::new).collect::<Vec<_>>(),
        "agents": agents.collect::<Vec<_>>(),
        "omitted": found.omitted,
    })
}
