//! Many writers, many subscribers, and what they leave behind.

use std::path::Path;
use std::sync::Barrier;

use futures_util::StreamExt;
use pulsedb::{
    CollectiveId, Config, ExperienceKind, NewExperience, PulseDB, WatchConfig, WatchEvent, WatchFilter,
};

use crate::random::Random;
use crate::samples::{DIMENSION, directory, events, external, open};
use crate::worker::{Worker, say};

const THREADS: usize = 2;
const PROCESSES: usize = 2;
const WRITERS: usize = THREADS + PROCESSES;

/// Changes that all writers make together: few in a usual run, or `PULSEDB_WATCH_CHANGES`.
fn changes() -> usize {
    std::env::var("PULSEDB_WATCH_CHANGES").ok().and_then(|count| count.parse().ok()).unwrap_or(1600)
}

fn note(random: &mut Random, cid: CollectiveId) -> NewExperience {
    let kinds = [ExperienceKind::Fact, ExperienceKind::Generic, ExperienceKind::Solution];
    NewExperience {
        collective_id: cid,
        content: "note".into(),
        embedding: Some(vec![1.0; DIMENSION]),
        importance: random.fraction(),
        domain: vec![format!("domain {}", random.below(3))],
        experience_type: (*random.pick(&kinds)).into(),
        ..Default::default()
    }
}

/// Makes so many changes, most of them alone, some together.
fn change(db: &PulseDB, cid: CollectiveId, seed: u64, changes: usize) {
    let mut random = Random::new(seed);
    let mut left = changes;
    while left > 0 {
        let size = if random.one_in(8) { left.min(20) } else { 1 };
        let notes = (0..size).map(|_| note(&mut random, cid)).collect();
        let ids = db.record_experiences(notes).unwrap();
        left -= size;
        if left > 0 && random.one_in(4) {
            db.delete_experience(*random.pick(&ids)).unwrap();
            left -= 1;
        }
    }
}

/// The role of a process that makes its share of the changes.
pub(crate) fn record_share(arguments: &[String]) {
    let [path, seed, changes] = arguments else { panic!("three arguments") };
    let db = open(Path::new(path));
    let cid = db.get_or_create_collective("swarm").unwrap();
    change(&db, cid, seed.parse().unwrap(), changes.parse().unwrap());
    say("done");
}

fn filters() -> [WatchFilter; 3] {
    [
        WatchFilter::default(),
        WatchFilter { min_importance: Some(0.6), ..Default::default() },
        WatchFilter {
            domains: Some(vec!["domain 1".into()]),
            experience_types: Some(vec![ExperienceKind::Fact.into()]),
            ..Default::default()
        },
    ]
}

/// What a subscriber with a filter must have seen: the log, which an own stream replays from its beginning.
fn replay(db: &PulseDB, cid: CollectiveId, filter: &WatchFilter) -> Vec<WatchEvent> {
    let stream = db.watch_from(cid, filter.clone(), 0).unwrap();
    std::iter::from_fn(|| stream.try_recv().ok()).collect()
}

#[test]
fn every_subscriber_sees_each_change_of_four_writers_once_and_in_order() {
    let home = directory();
    let each = changes() / WRITERS;
    let with_buffer = |buffer_size| {
        let watch = WatchConfig { buffer_size, ..WatchConfig::default() };
        PulseDB::open(home.path(), Config { watch, ..external(DIMENSION) }).unwrap()
    };
    // The same streams of changes through queues of several sizes.
    let handles: Vec<PulseDB> = [1, 1, 1, 2, 7, 100, 1000, 1000].map(with_buffer).into();
    let db = &handles[0];
    let cid = db.create_collective("swarm").unwrap();
    let filter = |number: usize| filters()[number % 3].clone();
    let streams: Vec<_> = handles
        .iter()
        .enumerate()
        .map(|(number, handle)| handle.watch_experiences_filtered(cid, filter(number)))
        .collect();
    let written = Barrier::new(2);
    let mut seen: Vec<Vec<WatchEvent>> = Vec::new();
    std::thread::scope(|scope| {
        let written = &written;
        let readers: Vec<_> = streams
            .into_iter()
            .enumerate()
            .map(|(number, mut stream)| {
                scope.spawn(move || match number {
                    // One sleeps until all is over, some are threads, some are tasks.
                    0 => {
                        written.wait();
                        std::iter::from_fn(|| stream.recv()).collect()
                    }
                    odd if odd % 2 == 1 => std::iter::from_fn(|| stream.recv()).collect(),
                    _ => futures_executor::block_on(async {
                        let mut seen = Vec::new();
                        while let Some(event) = stream.next().await {
                            seen.push(event);
                        }
                        seen
                    }),
                })
            })
            .collect();
        let path = home.path().to_str().unwrap();
        let others: Vec<Worker> = (0..PROCESSES)
            .map(|one| Worker::start("swarm", &[path, &format!("{one}"), &each.to_string()]))
            .collect();
        let own: Vec<_> =
            (0..THREADS).map(|one| scope.spawn(move || change(db, cid, 100 + one as u64, each))).collect();
        for thread in own {
            thread.join().unwrap();
        }
        for mut other in others {
            assert_eq!(other.expect_line(), "done");
            assert!(other.finish().success());
        }
        // The end of the collective is the end of every stream, however far behind it is.
        db.delete_collective(cid).unwrap();
        written.wait();
        seen.extend(readers.into_iter().map(|reader| reader.join().unwrap()));
    });
    assert_eq!(seen[0], events(db, cid, 0));
    for (number, seen) in seen.into_iter().enumerate() {
        assert!(seen.is_sorted_by(|one, next| one.sequence < next.sequence));
        assert_eq!(seen, replay(db, cid, &filter(number)), "subscriber {number}");
    }
}

/// Subscriptions of one round of a process that looks for leaks.
#[cfg(target_os = "linux")]
fn subscriptions() -> usize {
    std::env::var("PULSEDB_WATCH_SUBSCRIPTIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(4000)
}

/// Kilobytes of memory, open descriptors and threads of this process.
#[cfg(target_os = "linux")]
fn held() -> (usize, usize, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let number = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (number("VmRSS:"), std::fs::read_dir("/proc/self/fd").unwrap().count(), number("Threads:"))
}

/// The role of a process that subscribes and drops, in every state that a stream can be in.
#[cfg(target_os = "linux")]
pub(crate) fn subscribe_and_drop(arguments: &[String]) {
    let db = open(Path::new(&arguments[0]));
    let cid = db.create_collective("c").unwrap();
    let record = || db.record_experience(note(&mut Random::new(1), cid)).unwrap();
    let round = |count: usize| {
        for number in 0..count {
            let stream = db.watch_experiences(cid);
            match number % 500 {
                0 => drop(record()),
                1 => drop(stream.try_recv()),
                2 => drop(stream.clone()),
                3 => {
                    let mut stream = stream;
                    let mut pending = std::task::Context::from_waker(std::task::Waker::noop());
                    assert!(stream.poll_next_unpin(&mut pending).is_pending());
                }
                4 => drop(db.watch_from(cid, WatchFilter::default(), 0).unwrap().recv()),
                _ => {}
            }
        }
    };
    record();
    round(subscriptions() / 4);
    let (memory, descriptors, threads) = held();
    round(subscriptions());
    let after = held();
    db.close().unwrap();
    let closed = held();
    say(&format!("{}", after.0.saturating_sub(memory)));
    say(&format!("{}", after.1 == descriptors && after.2 == threads && closed.2 < threads));
}

#[cfg(target_os = "linux")]
#[test]
fn subscribing_and_dropping_leaves_no_memory_descriptor_or_thread() {
    let home = directory();
    let mut worker = Worker::start("subscribe", &[home.path().to_str().unwrap()]);
    let grown: usize = worker.expect_line().parse().unwrap();
    println!("{} subscriptions have left {grown} KiB", subscriptions());
    assert!(grown < 8 << 10, "{} subscriptions have left {grown} KiB", subscriptions());
    assert_eq!(worker.expect_line(), "true");
}
