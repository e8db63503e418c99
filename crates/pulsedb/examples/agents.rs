//! Several agents work on one list of tasks: they see who is at work on what, and follow what the others find out.
//!
//! ```text
//! cargo run -p pulsedb --example agents
//! ```
//!
//! Here they are threads. In processes of their own they would do the same with the same calls.

use std::thread;

use pulsedb::{
    AgentId, CollectiveId, Config, ExperienceKind, ExperienceType, NewActivity, NewExperience, PulseDB,
    Result, WatchFilter, WatchStream,
};

const WORKERS: [&str; 3] = ["ada", "bob", "eve"];
const TASKS: [&str; 6] = [
    "the login page is slow",
    "invoices lack the tax number",
    "the search ignores accents",
    "backups take all night",
    "the cache is never emptied",
    "mails are sent twice",
];

fn main() -> Result<()> {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let db = PulseDB::open(directory.path().join("memory"), Config::default())?;
    let team = db.get_or_create_collective("team")?;

    // Every worker follows the tasks, and the one who plans follows the solutions. A stream begins when it is made, so
    // nothing that is recorded from here on is missed.
    let tasks = |_: &&str| db.watch_experiences_filtered(team, only(ExperienceKind::Difficulty));
    let inboxes: Vec<WatchStream> = WORKERS.iter().map(tasks).collect();
    let solutions = db.watch_experiences_filtered(team, only(ExperienceKind::Solution));

    thread::scope(|scope| {
        let start = |(place, inbox): (usize, WatchStream)| {
            let db = db.clone();
            scope.spawn(move || work(&db, team, place, &inbox))
        };
        let workers: Vec<_> = inboxes.into_iter().enumerate().map(start).collect();
        plan(&db, team, &solutions)?;
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;

    println!("Of the tasks, these are solved:");
    for solved in db.list_experiences(team, 100, 0)? {
        if let ExperienceType::Solution { approach, .. } = solved.experience_type {
            println!("  {}: {approach}", solved.source_agent);
        }
    }
    db.close()
}

fn only(kind: ExperienceKind) -> WatchFilter {
    WatchFilter { experience_types: Some(vec![kind.into()]), ..Default::default() }
}

/// Gives out the tasks, and waits until each is solved.
fn plan(db: &PulseDB, team: CollectiveId, solutions: &WatchStream) -> Result<()> {
    for task in TASKS {
        db.record_experience(NewExperience {
            collective_id: team,
            content: task.into(),
            experience_type: ExperienceKind::Difficulty.into(),
            source_agent: AgentId::new("planner"),
            ..Default::default()
        })?;
    }
    for solved in 1..=TASKS.len() {
        let event = solutions.recv().expect("the database is open");
        // Who is at work now, and on what: agents that went silent are left out.
        let busy = db.get_active_agents(team)?;
        println!("{solved} solved, by change {}; at work: {}", event.sequence, busy.len());
    }
    Ok(())
}

/// Takes every third task as it comes, says so, and solves it.
fn work(db: &PulseDB, team: CollectiveId, place: usize, inbox: &WatchStream) -> Result<()> {
    let name = WORKERS[place];
    for number in 0..TASKS.len() {
        let event = inbox.recv().expect("the database is open");
        if number % WORKERS.len() != place {
            continue;
        }
        let Some(task) = db.get_experience(event.experience_id)? else { continue };
        db.register_activity(NewActivity {
            agent_id: AgentId::new(name),
            collective_id: team,
            current_task: Some(task.content.clone()),
            ..Default::default()
        })?;
        db.record_experience(NewExperience {
            collective_id: team,
            content: format!("what helps if {}", task.content),
            experience_type: ExperienceType::Solution {
                problem_ref: Some(task.id),
                approach: format!("{name} has looked into it: {}", task.content),
                worked: true,
            },
            source_agent: AgentId::new(name),
            ..Default::default()
        })?;
    }
    db.end_activity(name, team)
}
