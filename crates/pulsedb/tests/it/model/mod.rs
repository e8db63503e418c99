//! Random operations of two processes, compared with a model that is too simple to be wrong.

mod agents;
mod apply;
mod batch;
mod command;
mod insights;
mod keys;
mod memory;
mod reference;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use pulsedb::{CollectiveId, Config, ExperienceId, PulseDB};

use crate::samples::{directory, external};
use crate::worker::{Worker, hear, say};
use command::perform;
use memory::Memory;
use reference::Reference;

/// Few dimensions, so that equal vectors are common.
const DIMENSION: usize = 3;

/// What is done next; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Action {
    Create { name: u8 },
    GetOrCreate { name: u8 },
    Rename { pick: u16, name: u8 },
    Drop { pick: u16 },
    Record { pick: u16, seed: u16, count: u8 },
    Restore { pick: u16, seed: u16, count: u8 },
    Change { pick: u16, verb: Verb, seed: u16 },
    ChangeTogether { pick: u16, verb: Verb, seed: u16, count: u8 },
    Search { pick: u16, seed: u16, k: u8 },
    Recent { pick: u16, seed: u16, limit: u8 },
    List { pick: u16, limit: u8, offset: u8 },
    Cold { pick: u16, below: u8, limit: u8 },
    Count { pick: u16 },
    Follow { pick: u16, since: u8 },
    Agent { pick: u16, agent: u8, verb: AgentVerb },
    Agents { pick: u16 },
    ByKey { pick: u16, key: u8 },
    Keys { pick: u16, prefix: u8, after: u8, limit: u8 },
    Remember(Memory),
    Apply { pick: u16, seed: u16, count: u8 },
    Reopen,
}

#[derive(Debug, Clone, Copy)]
enum Verb {
    Update,
    Archive,
    Unarchive,
    Delete,
    Reinforce,
    Energy,
    Get,
}

#[derive(Debug, Clone, Copy)]
enum AgentVerb {
    Register,
    Heartbeat,
    End,
}

fn action() -> impl Strategy<Value = Action> {
    use Verb::{Archive, Delete, Energy, Get, Reinforce, Unarchive, Update};
    let verbs =
        prop::sample::select(vec![Update, Update, Archive, Unarchive, Delete, Reinforce, Energy, Get]);
    let together = prop::sample::select(vec![Update, Archive, Delete]);
    prop_oneof![
        1 => (0..5_u8).prop_map(|name| Action::Create { name }),
        1 => (0..5_u8).prop_map(|name| Action::GetOrCreate { name }),
        1 => (any::<u16>(), 0..5_u8).prop_map(|(pick, name)| Action::Rename { pick, name }),
        1 => any::<u16>().prop_map(|pick| Action::Drop { pick }),
        8 => (any::<u16>(), any::<u16>(), 1..6_u8)
            .prop_map(|(pick, seed, count)| Action::Record { pick, seed, count }),
        2 => (any::<u16>(), any::<u16>(), 1..4_u8)
            .prop_map(|(pick, seed, count)| Action::Restore { pick, seed, count }),
        4 => (any::<u16>(), together, any::<u16>(), 1..9_u8)
            .prop_map(|(pick, verb, seed, count)| Action::ChangeTogether { pick, verb, seed, count }),
        10 => (any::<u16>(), verbs, any::<u16>())
            .prop_map(|(pick, verb, seed)| Action::Change { pick, verb, seed }),
        6 => (any::<u16>(), any::<u16>(), 1..30_u8).prop_map(|(pick, seed, k)| Action::Search { pick, seed, k }),
        4 => (any::<u16>(), any::<u16>(), 1..30_u8)
            .prop_map(|(pick, seed, limit)| Action::Recent { pick, seed, limit }),
        2 => (any::<u16>(), 1..20_u8, 0..20_u8)
            .prop_map(|(pick, limit, offset)| Action::List { pick, limit, offset }),
        1 => (any::<u16>(), 0..120_u8, 1..20_u8)
            .prop_map(|(pick, below, limit)| Action::Cold { pick, below, limit }),
        2 => any::<u16>().prop_map(|pick| Action::Count { pick }),
        2 => (any::<u16>(), any::<u8>()).prop_map(|(pick, since)| Action::Follow { pick, since }),
        2 => (any::<u16>(), 0..6_u8, prop::sample::select(vec![
                AgentVerb::Register, AgentVerb::Register, AgentVerb::Heartbeat, AgentVerb::End]))
            .prop_map(|(pick, agent, verb)| Action::Agent { pick, agent, verb }),
        1 => any::<u16>().prop_map(|pick| Action::Agents { pick }),
        1 => (any::<u16>(), 0..6_u8).prop_map(|(pick, key)| Action::ByKey { pick, key }),
        1 => (any::<u16>(), any::<u8>(), 0..7_u8, 1..5_u8)
            .prop_map(|(pick, prefix, after, limit)| Action::Keys { pick, prefix, after, limit }),
        14 => remembering().prop_map(Action::Remember),
        3 => (any::<u16>(), any::<u16>(), 1..8_u8)
            .prop_map(|(pick, seed, count)| Action::Apply { pick, seed, count }),
        1 => Just(Action::Reopen),
    ]
}

fn remembering() -> impl Strategy<Value = Memory> {
    prop_oneof![
        6 => (any::<u16>(), any::<u16>(), any::<u8>())
            .prop_map(|(source, target, kind)| Memory::Relate { source, target, kind }),
        1 => (any::<u16>(), 0..6_u8).prop_map(|(pick, at)| Memory::Unrelate { pick, at }),
        2 => (any::<u16>(), any::<u16>()).prop_map(|(pick, seed)| Memory::Supersede { pick, seed }),
        1 => (any::<u16>(), any::<u8>()).prop_map(|(pick, direction)| Memory::Related { pick, direction }),
        1 => any::<u16>().prop_map(|pick| Memory::History { pick }),
        3 => (any::<u16>(), any::<u16>(), 1..4_u8, any::<u16>())
            .prop_map(|(pick, sources, count, seed)| Memory::Derive { pick, sources, count, seed }),
        1 => any::<u16>().prop_map(|at| Memory::Underive { at }),
        1 => any::<u16>().prop_map(|pick| Memory::InsightsOf { pick }),
        1 => (any::<u16>(), any::<u16>(), 1..20_u8)
            .prop_map(|(pick, seed, k)| Memory::FindInsights { pick, seed, k }),
        1 => (any::<u16>(), any::<u16>()).prop_map(|(pick, seed)| Memory::Context { pick, seed }),
    ]
}

/// Who has the database open: this process, and another one that is spoken to by lines.
struct Both {
    path: PathBuf,
    here: Option<PulseDB>,
    there: Worker,
}

fn config() -> Config {
    external(DIMENSION)
}

impl Both {
    fn open(path: &Path) -> Self {
        let here = PulseDB::open(path, config()).unwrap();
        let there = Worker::start("model", &[path.to_str().unwrap()]);
        Self { path: path.to_owned(), here: Some(here), there }
    }

    fn here(&self) -> &PulseDB {
        self.here.as_ref().unwrap()
    }

    fn ask(&mut self, in_other: bool, command: &str) -> String {
        if in_other { self.there.ask(command) } else { perform(self.here(), command) }
    }

    fn reopen(&mut self, in_other: bool) {
        if in_other {
            assert_eq!(self.there.ask("reopen"), "ok");
        } else {
            self.here.take().unwrap().close().unwrap();
            self.here = Some(PulseDB::open(&self.path, config()).unwrap());
        }
    }
}

/// The role of the other process.
pub(crate) fn obey(arguments: &[String]) {
    let path = Path::new(&arguments[0]);
    let mut db = PulseDB::open(path, config()).unwrap();
    while let Some(command) = hear() {
        if command == "reopen" {
            db.close().unwrap();
            db = PulseDB::open(path, config()).unwrap();
            say("ok");
        } else {
            say(&perform(&db, &command));
        }
    }
}

/// One of those that were ever made, mostly a living one; the nil id if there is none.
fn picked<T: Copy>(ever: &[T], pick: u16, nil: T) -> T {
    if ever.is_empty() { nil } else { ever[usize::from(pick) % ever.len()] }
}

/// An action in one of the processes, whose answer must be the reference's.
fn take(both: &mut Both, reference: &mut Reference, in_other: bool, action: &Action) {
    let cid = |reference: &Reference, pick| picked(&reference.rooms_ever, pick, CollectiveId::nil());
    let mut ask = |command: String| (both.ask(in_other, &command), command);
    match *action {
        Action::Create { name } => {
            let (answer, _) = ask(format!("create {}", command::name(name)));
            reference.created(both.here(), &command::name(name), &answer, false);
        }
        Action::GetOrCreate { name } => {
            let (answer, _) = ask(format!("get-or-create {}", command::name(name)));
            reference.created(both.here(), &command::name(name), &answer, true);
        }
        Action::Rename { pick, name } => {
            let cid = cid(reference, pick);
            let (answer, _) = ask(format!("rename {cid} {}", command::name(name)));
            reference.renamed(cid, name, &answer);
        }
        Action::Drop { pick } => {
            let cid = cid(reference, pick);
            // Most collectives live on, so that they fill.
            if pick % 3 == 0 {
                let (answer, _) = ask(format!("drop {cid}"));
                reference.dropped(cid, &answer);
            }
        }
        Action::Record { pick, seed, count } => {
            let cid = cid(reference, pick);
            let (answer, _) = ask(format!("record {cid} {seed} {count}"));
            reference.recorded(both.here(), cid, (seed, count), &answer);
        }
        Action::Restore { pick, seed, count } => {
            let cid = cid(reference, pick);
            let (answer, _) = ask(format!("restore {cid} {seed} {count}"));
            reference.restored(both.here(), cid, (seed, count), &answer);
        }
        Action::ChangeTogether { pick, verb, seed, count } => {
            let ids = reference.some_living(pick, count);
            let (answer, _) = ask(command::change_together(verb, &ids, seed));
            reference.changed_together(both.here(), verb, &ids, seed, &answer);
        }
        Action::Change { pick, verb, seed } => {
            let id = picked(&reference.ids_ever, pick, ExperienceId::nil());
            let (answer, _) = ask(command::change(verb, id, seed));
            reference.changed(both.here(), verb, id, seed, &answer);
        }
        Action::Agent { pick, agent, verb } => {
            let cid = cid(reference, pick);
            let (answer, _) = ask(agents::command(verb, cid, agent));
            reference.agent(verb, cid, agent, &answer);
        }
        Action::Remember(action) => {
            let (answer, command) = ask(memory::command(reference, action));
            reference.remembered(both.here(), action, &command, &answer);
        }
        Action::Apply { pick, seed, count } => {
            let cid = cid(reference, pick);
            let ids = reference.some_living(pick, count);
            let (answer, _) = ask(apply::command(cid, seed, &ids));
            reference.applied(both.here(), cid, seed, &ids, &answer);
        }
        Action::Reopen => both.reopen(in_other),
        _ => look(both, reference, in_other, action),
    }
}

/// An action that changes nothing.
fn look(both: &mut Both, reference: &Reference, in_other: bool, action: &Action) {
    let cid = |reference: &Reference, pick| picked(&reference.rooms_ever, pick, CollectiveId::nil());
    let mut ask = |command: String| (both.ask(in_other, &command), command);
    match *action {
        Action::Search { pick, seed, k } => {
            let cid = cid(reference, pick);
            let (answer, command) = ask(format!("search {cid} {seed} {k}"));
            reference.found(cid, (seed, k), &answer, &command);
        }
        Action::Recent { pick, seed, limit } => {
            let cid = cid(reference, pick);
            let (answer, command) = ask(format!("recent {cid} {seed} {limit}"));
            assert_eq!(answer, reference.recent(cid, seed, limit), "{command}");
        }
        Action::List { pick, limit, offset } => {
            let cid = cid(reference, pick);
            let (answer, command) = ask(format!("list {cid} {limit} {offset}"));
            assert_eq!(answer, reference.list(cid, limit, offset), "{command}");
        }
        Action::Cold { pick, below, limit } => {
            let cid = cid(reference, pick);
            let (answer, command) = ask(format!("cold {cid} {below} {limit}"));
            reference.cold(cid, below, limit, &answer, &command);
        }
        Action::Count { pick } => {
            let cid = cid(reference, pick);
            let (answer, command) = ask(format!("count {cid}"));
            assert_eq!(answer, reference.count(cid), "{command}");
        }
        Action::Follow { pick, since } => {
            let cid = cid(reference, pick);
            let since = reference.sequence.saturating_sub(u64::from(since));
            let (answer, command) = ask(format!("follow {cid} {since}"));
            reference.followed(cid, since, &answer, &command);
        }
        Action::Agents { pick } => {
            let cid = cid(reference, pick);
            let (answer, command) = ask(format!("agents {cid}"));
            assert_eq!(answer, reference.agents(cid), "{command}");
        }
        Action::ByKey { pick, key } => {
            let cid = cid(reference, pick);
            let key = keys::key(usize::from(key));
            let (answer, command) = ask(format!("by-key {cid} {key}"));
            assert_eq!(answer, reference.by_key(cid, &key), "{command}");
        }
        Action::Keys { pick, prefix, after, limit } => {
            let cid = cid(reference, pick);
            let (answer, command) = ask(keys::command(cid, prefix, after, limit));
            assert_eq!(answer, reference.keys(cid, prefix, after, limit), "{command}");
        }
        _ => unreachable!("{action:?} changes something"),
    }
}

fn run(steps: &[(bool, Action)]) {
    let directory = directory();
    let mut both = Both::open(&directory.path().join("db"));
    let mut reference = Reference::default();
    for (in_other, action) in steps {
        take(&mut both, &mut reference, *in_other, action);
        reference.absorb(both.here());
        assert_eq!(both.here().get_current_sequence(), reference.sequence);
    }
    for cid in reference.rooms_ever.clone() {
        for in_other in [false, true] {
            let all = both.ask(in_other, &format!("list {cid} 1000 0"));
            assert_eq!(all, reference.list(cid, 1000_u16, 0));
            assert_eq!(both.ask(in_other, &format!("count {cid}")), reference.count(cid));
            assert_eq!(both.ask(in_other, &format!("relations {cid}")), reference.relations(cid));
            assert_eq!(both.ask(in_other, &format!("insights {cid}")), reference.insights(cid));
            assert_eq!(both.ask(in_other, &format!("agents {cid}")), reference.agents(cid));
            let answer = both.ask(in_other, &format!("search {cid} 7 200"));
            reference.found(cid, (7, 200), &answer, "the last search");
        }
    }
    let report = both.here().check().unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert!(both.there.finish().success());
}

/// As many cases as fit a usual run; `PROPTEST_CASES` asks for more.
fn cases() -> ProptestConfig {
    let usual =
        ProptestConfig { failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { usual } else { ProptestConfig { cases: 400, ..usual } }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn two_processes_answer_as_the_model_does(
        steps in prop::collection::vec((any::<bool>(), action()), 20..120),
    ) {
        run(&steps);
    }
}
