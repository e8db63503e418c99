//! `agents`: who is at work in a collective, and telling others that one is.

use std::io::Write;

use pulsedb::{Activity, NewActivity, Timestamp};
use serde_json::{Value, json};

use crate::args::{AgentsArgs, AgentsCommand};
use crate::database::Target;
use crate::exit::Exit;
use crate::json::Moment;
use crate::output::Out;
use crate::output::table::{lines, table};
use crate::text::printable_line;
use crate::time;

pub(crate) fn run(target: &Target, args: AgentsArgs, out: &mut Out) -> anyhow::Result<Exit> {
    match args.command {
        None => list(target, args.output.json, out),
        Some(AgentsCommand::List(list_args)) => list(target, list_args.json, out),
        Some(AgentsCommand::Register { agent, task, summary, creation, output }) => {
            let db = target.create(creation.dimension)?;
            let collective_id = db.get_or_create_collective(&target.collective)?;
            db.register_activity(NewActivity {
                agent_id: agent.as_str().into(),
                collective_id,
                current_task: task,
                context_summary: summary,
            })?;
            say("registered", &agent, target, output.json, out)
        }
        Some(AgentsCommand::Heartbeat { agent, output }) => {
            let db = target.write()?;
            db.update_heartbeat(&agent, target.collective(&db)?)?;
            say("alive", &agent, target, output.json, out)
        }
        Some(AgentsCommand::End { agent, output }) => {
            let db = target.write()?;
            db.end_activity(&agent, target.collective(&db)?)?;
            say("ended", &agent, target, output.json, out)
        }
    }
}

fn say(action: &str, agent: &str, target: &Target, json: bool, out: &mut Out) -> anyhow::Result<Exit> {
    if json {
        out.json(&json!({ "action": action, "agent": agent, "collective": target.collective }))?;
    } else {
        writeln!(out, "{action} {}", printable_line(agent))?;
    }
    Ok(Exit::Ok)
}

fn list(target: &Target, json: bool, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let agents = db.get_active_agents(target.collective(&db)?)?;
    if json {
        let rows: Vec<Value> = agents.iter().map(activity_json).collect();
        out.json(&json!({ "collective": target.collective, "count": agents.len(), "agents": rows }))?;
        return Ok(Exit::Ok);
    }
    if agents.is_empty() {
        writeln!(out, "nobody is at work in collective `{}`", printable_line(&target.collective))?;
        return Ok(Exit::Ok);
    }
    let now = Timestamp::now();
    let mut list = table(out.table_width, &["agent", "since", "last heard of", "task", "summary"], &[]);
    for activity in &agents {
        list.add_row([
            printable_line(activity.agent_id.as_str()),
            time::age(activity.started_at, now),
            time::age(activity.last_heartbeat, now),
            printable_line(activity.current_task.as_deref().unwrap_or_default()),
            printable_line(activity.context_summary.as_deref().unwrap_or_default()),
        ]);
    }
    out.write_all(lines(&list).as_bytes())?;
    Ok(Exit::Ok)
}

fn activity_json(activity: &Activity) -> Value {
    json!({
        "agent": activity.agent_id.as_str(),
        "task": activity.current_task,
        "summary": activity.context_summary,
        "started_at": Moment(activity.started_at),
        "last_heartbeat": Moment(activity.last_heartbeat),
    })
}
