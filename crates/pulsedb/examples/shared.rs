//! Several processes share one memory: each writes and reads it, and sees at once what the others wrote.
//!
//! ```text
//! cargo run -p pulsedb --example shared
//! ```
//!
//! The program starts itself twice as an agent, and follows what the agents write while they write it.

use std::env;
use std::error::Error;
use std::process::Command;

use pulsedb::{AgentId, Config, NewExperience, PulseDB, SearchFilter, SearchOptions};

const AGENTS: [&str; 2] = ["reader", "builder"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [path, name] => agent(path, name),
        _ => team(),
    }
}

/// One process of the team. It opens the same directory, which need not exist yet.
fn agent(path: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let db = PulseDB::open(path, Config::default())?;
    // However many processes ask at the same time, all get the same collective.
    let team = db.get_or_create_collective("team")?;
    for finding in ["the parser is slow on long lines", "the cache is never emptied"] {
        db.record_experience(NewExperience {
            collective_id: team,
            content: format!("{name}: {finding}"),
            source_agent: AgentId::new(name),
            ..Default::default()
        })?;
    }
    Ok(())
}

/// The process that waits for the others. Its handle was open before they wrote.
fn team() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("memory");
    let db = PulseDB::open(&path, Config::default())?;
    let team = db.get_or_create_collective("team")?;
    let stream = db.watch_experiences(team);

    let start = |name| Command::new(env::current_exe()?).arg(&path).arg(name).spawn();
    let agents = AGENTS.into_iter().map(start).collect::<Result<Vec<_>, _>>()?;
    // Each change comes once and in order, whichever process made it. It has a number: `watch_from` goes on after the last
    // one that was seen, also in a process that was down meanwhile.
    for _ in 0..2 * AGENTS.len() {
        let event = stream.recv().expect("the database is open");
        println!("change {}: {:?} {}", event.sequence, event.event_type, event.experience_id);
    }
    for mut agent in agents {
        let status = agent.wait()?;
        assert!(status.success(), "an agent failed: {status}");
    }

    // No reopening: a search sees what was committed before it, by anyone.
    let of_builder =
        SearchFilter { source_agents: Some(vec![AgentId::new("builder")]), ..Default::default() };
    let options = SearchOptions { k: 1, filter: of_builder, ..Default::default() };
    for hit in db.search(team, "what makes parsing slow?".into(), options)? {
        println!("{:.2}  {}", hit.similarity, hit.experience.content);
    }
    Ok(())
}
