//! Power cuts and kills in the commits that seal the tail and merge blocks, step by step.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pulsedb::{NewExperience, SyncMode};

use crate::calls::{self, Event};
use crate::random::Random;
use crate::replay::{Digests, Disk, FATES, Fate, Run, TURN, config, examine, states_wanted};
use crate::samples::{DIMENSION, directory, vector};
use crate::steps::{STEPS, watch};

/// Records: eight blocks of sixteen rows, which are merged, and some more.
const RECORDS: usize = 140;
/// Words of a record: so many that a merge takes several steps.
const WORDS: usize = 250;
/// Which of the first records are deleted after that, so that their block is made smaller.
const DELETED: usize = 38;

/// Records a run that seals, merges and makes a block smaller.
fn recorded(directory: &Path, mode: SyncMode) -> (Vec<Event>, Digests) {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    watch(calls::step);
    calls::begin(directory);
    let mut run = Run::open(directory, config(mode));
    let cid = run.db.create_collective("c").unwrap();
    run.acknowledged();
    let mut random = Random::new(1);
    let mut ids = Vec::new();
    for number in 0..RECORDS {
        let words: Vec<String> = (0..WORDS).map(|_| format!("w{:x}", random.next() >> 32)).collect();
        let new = NewExperience {
            collective_id: cid,
            content: format!("{number} {}", words.join(" ")),
            embedding: Some(vector(&mut random, DIMENSION)),
            ..Default::default()
        };
        ids.push(run.db.record_experience(new).unwrap());
        run.acknowledged();
    }
    for id in &ids[..DELETED] {
        run.db.delete_experience(*id).unwrap();
        run.acknowledged();
    }
    run.db.close().unwrap();
    (calls::end(), run.digests)
}

/// The commits that take steps: the place of the first step, that of the acknowledgement, and what the steps are.
fn commits(record: &[Event]) -> Vec<(usize, usize, Vec<&str>)> {
    let mut commits = Vec::new();
    let mut open: Option<(usize, Vec<&str>)> = None;
    for (at, event) in record.iter().enumerate() {
        match event {
            Event::Step(step) => open.get_or_insert((at, Vec::new())).1.push(step),
            Event::Acknowledged(_) => {
                if let Some((from, steps)) = open.take() {
                    commits.push((from, at, steps));
                }
            }
            _ => {}
        }
    }
    commits
}

#[test]
fn kill_or_power_cut_in_any_commit_that_seals_or_merges_leaves_what_was_acknowledged() {
    let mut random = Random::from_environment(13);
    let directory = directory();
    let home = directory.path().canonicalize().unwrap();
    let state = home.join("run");
    let (record, digests) = recorded(&state, SyncMode::Normal);
    let commits = commits(&record);
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    // These states are larger than those of the other tests.
    let each = (states_wanted() / (3 * commits.len())).max(4);
    let mut disk = Disk::default();
    let mut events = record.iter().enumerate();
    for (from, to, steps) in &commits {
        let places = to - from;
        for (at, event) in events.by_ref().take_while(|(at, _)| at < to) {
            disk.take(event);
            if at < *from {
                continue;
            }
            // Both ends, where nothing and where everything is written, and about as many as are wanted between them.
            let wanted = each / places + usize::from(random.below(places) < each % places);
            let wanted = if at + 1 == *to || at == from + 1 { wanted.max(2) } else { wanted };
            for number in 0..wanted {
                // A kill loses nothing that was written.
                let fate = if number == 0 { Fate::Written } else { *random.pick(&FATES) };
                fs::write(state.join("data.mdb"), disk.state(fate, &mut random).0).unwrap();
                fs::write(state.join("lock"), if random.one_in(2) { &[][..] } else { &disk.lock.0 }).unwrap();
                let what = format!("cut after event {at} of a commit with {steps:?}, {fate:?}");
                examine(&state, &disk, SyncMode::Normal, &digests, &what);
                for step in steps {
                    *tried.entry(step).or_default() += 1;
                }
            }
        }
        disk.take(&record[*to]);
    }
    println!("{} commits, states by step: {tried:?}", commits.len());
    for step in STEPS {
        let states: usize =
            tried.iter().filter(|(found, _)| found.starts_with(step)).map(|(_, count)| count).sum();
        assert!(states >= 4, "{step} was cut {states} times: {tried:?}");
    }
    assert!(tried.contains_key("took a step of a merge: 2"), "terms are merged in several steps: {tried:?}");
}
