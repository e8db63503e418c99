//! Fifty agents in four processes share a memory; at the end each of them has seen the same story.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use pulsedb::{
    AgentId, CollectiveId, ContextRequest, ExperienceId, ExperienceUpdate, NewActivity,
    NewExperienceRelation, PulseDB, PulseDBError, RelationType, WatchEvent, WatchEventType, WatchFilter,
    WatchStream,
};

use crate::random::Random;
use crate::samples::{DIMENSION, directory, events, labelled, open, vector};
use crate::watching::PATIENCE;
use crate::worker::{Worker, hear, say};

const PROCESSES: usize = 4;
const AGENTS: usize = 50;

/// Operations of all agents together: few in a usual run, or `PULSEDB_HIVE_OPERATIONS`.
fn operations() -> usize {
    std::env::var("PULSEDB_HIVE_OPERATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(800)
}

/// What an agent knows from what it was told: which experiences live, and the whole story in one number.
#[derive(Default)]
struct Knowledge {
    living: BTreeMap<ExperienceId, WatchEventType>,
    story: DefaultHasher,
    last: u64,
}

impl Knowledge {
    fn learn(&mut self, event: &WatchEvent) {
        assert!(event.sequence > self.last, "{event:?} comes after {}", self.last);
        self.last = event.sequence;
        (event.sequence, event.experience_id, event.event_type, event.timestamp).hash(&mut self.story);
        match event.event_type {
            WatchEventType::Deleted => self.living.remove(&event.experience_id),
            kind => self.living.insert(event.experience_id, kind),
        };
    }

    /// The number of the last change, and a digest of all that is known.
    fn digest(&self) -> String {
        let mut whole = self.story.clone();
        self.living.hash(&mut whole);
        format!("{} {} {:x}", self.last, self.living.len(), whole.finish())
    }
}

struct Agent {
    name: String,
    knowledge: Knowledge,
    /// `None` while it is stopped.
    stream: Option<WatchStream>,
}

impl Agent {
    fn start(&mut self, db: &PulseDB, cid: CollectiveId) {
        let since = self.knowledge.last;
        self.stream.get_or_insert_with(|| db.watch_from(cid, WatchFilter::default(), since).unwrap());
    }

    /// Reads what it was told so far.
    fn listen(&mut self) {
        let Some(stream) = &self.stream else { return };
        while let Ok(event) = stream.try_recv() {
            self.knowledge.learn(&event);
        }
        assert!(stream.end().is_none(), "{:?}", stream.end());
    }

    /// An experience that it believes to live; others may have deleted it since.
    fn any_known(&self, random: &mut Random) -> Option<ExperienceId> {
        let place = random.below(self.knowledge.living.len().max(1));
        self.knowledge.living.keys().nth(place).copied()
    }
}

/// What others may have done since is no failure.
fn unless_gone<T>(outcome: Result<T, PulseDBError>) {
    match outcome {
        Err(error) if !error.is_not_found() && !error.is_validation() => panic!("{error}"),
        _ => {}
    }
}

fn act(db: &PulseDB, cid: CollectiveId, agent: &mut Agent, random: &mut Random, label: &str) {
    agent.start(db, cid);
    if random.one_in(2) {
        agent.listen();
    }
    let known = agent.any_known(random);
    match (random.below(16), known) {
        (0..=5, _) | (_, None) => drop(db.record_experience(labelled(label, cid)).unwrap()),
        (6, Some(id)) => unless_gone(db.reinforce_experience(id)),
        (7, Some(id)) => {
            let importance = Some(random.fraction());
            unless_gone(db.update_experience(id, ExperienceUpdate { importance, ..Default::default() }));
        }
        (8, Some(id)) => unless_gone(db.archive_experience(id)),
        (9, Some(id)) => unless_gone(db.delete_experience(id)),
        (10..=11, Some(source_id)) => {
            let target_id = agent.any_known(random).unwrap_or(source_id);
            let relation_type = *random.pick(&[RelationType::Supports, RelationType::Supersedes]);
            let new = NewExperienceRelation { source_id, target_id, relation_type, ..Default::default() };
            unless_gone(db.store_relation(new));
        }
        (12, Some(_)) => {
            let request = ContextRequest {
                collective_id: cid,
                query_embedding: Some(vector(random, DIMENSION)),
                ..Default::default()
            };
            let context = db.get_context_candidates(request).unwrap();
            assert!(context.similar_experiences.is_sorted_by(|one, next| one.similarity >= next.similarity));
        }
        (13, Some(_)) => unless_gone(db.update_heartbeat(&agent.name, cid)),
        (14, Some(_)) => db
            .register_activity(NewActivity {
                agent_id: AgentId::new(&*agent.name),
                collective_id: cid,
                current_task: Some(label.to_owned()),
                ..Default::default()
            })
            .unwrap(),
        (_, Some(_)) => {
            // It stops, and misses what happens until it acts again.
            unless_gone(db.end_activity(&agent.name, cid));
            agent.stream = None;
        }
    }
}

/// The role of a process with its agents.
pub(crate) fn live(arguments: &[String]) {
    let [path, place, operations] = arguments else { panic!("three arguments") };
    let (place, operations): (usize, usize) = (place.parse().unwrap(), operations.parse().unwrap());
    let db = open(std::path::Path::new(path));
    let cid = db.get_or_create_collective("hive").unwrap();
    let mut random = Random::new(place as u64 + 1);
    let mut agents: Vec<Agent> = (0..AGENTS)
        .filter(|number| number % PROCESSES == place)
        .map(|number| Agent {
            name: format!("agent {number}"),
            knowledge: Knowledge::default(),
            stream: None,
        })
        .collect();
    for number in 0..operations {
        let agent = random.below(agents.len());
        act(&db, cid, &mut agents[agent], &mut random, &format!("{place}:{number}"));
    }
    say("done");
    // When all have done, the parent says the number of the last change.
    let last: u64 = hear().expect("the parent says where the story ends").parse().unwrap();
    for agent in &mut agents {
        agent.start(&db, cid);
        while agent.knowledge.last < last {
            let event = agent.stream.as_ref().unwrap().recv_timeout(PATIENCE).unwrap();
            agent.knowledge.learn(&event);
        }
        say(&agent.knowledge.digest());
    }
    db.close().unwrap();
    say(&format!("{}", agents.iter().all(|agent| agent.stream.as_ref().unwrap().recv().is_none())));
}

#[test]
fn fifty_agents_in_four_processes_all_know_what_the_log_says() {
    let home = directory();
    let path = home.path().to_str().unwrap();
    let each = (operations() / PROCESSES).to_string();
    let mut workers: Vec<Worker> =
        (0..PROCESSES).map(|place| Worker::start("hive", &[path, &place.to_string(), &each])).collect();
    for worker in &mut workers {
        assert_eq!(worker.expect_line(), "done");
    }
    let db = open(home.path());
    let cid = db.get_or_create_collective("hive").unwrap();
    let mut replayed = Knowledge::default();
    for event in &events(&db, cid, 0) {
        replayed.learn(event);
    }
    println!("operations: {}, the story: {}", operations(), replayed.digest());
    for (place, mut worker) in workers.into_iter().enumerate() {
        worker.tell(&replayed.last.to_string());
        for number in (0..AGENTS).filter(|number| number % PROCESSES == place) {
            assert_eq!(worker.expect_line(), replayed.digest(), "agent {number}");
        }
        assert_eq!(worker.expect_line(), "true", "streams end with the database");
        assert!(worker.finish().success());
    }
    // What the agents know to live is what the database has.
    assert_eq!(db.get_collective_stats(cid).unwrap().experience_count as usize, replayed.living.len());
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
}
