//! Streams in one process: every change once, in order, and a clear end.

use std::time::Duration;

use futures_util::StreamExt;
use pulsedb::{
    CollectiveId, Config, ExperienceKind, ExperienceUpdate, LogConfig, NewExperience, PulseDB, PulseDBError,
    StreamEnd, TryRecvError, ValidationError, WatchConfig, WatchEvent, WatchEventType, WatchFilter,
    WatchStream,
};

use crate::samples::{DIMENSION, directory, events, external, labelled, open};

/// Long enough for a machine that is busy with something else; only a test that fails waits for so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

fn watched(watch: WatchConfig) -> Config {
    Config { watch, ..external(DIMENSION) }
}

/// The next event, which must come.
pub(crate) fn next(stream: &WatchStream) -> WatchEvent {
    match stream.recv_timeout(PATIENCE) {
        Ok(event) => event,
        Err(error) => panic!("{error}: {:?}", stream.end()),
    }
}

pub(crate) fn take(stream: &WatchStream, count: usize) -> Vec<WatchEvent> {
    (0..count).map(|_| next(stream)).collect()
}

/// Everything up to the end of the stream.
fn rest(stream: &WatchStream) -> Vec<WatchEvent> {
    let mut rest = Vec::new();
    loop {
        match stream.recv_timeout(PATIENCE) {
            Ok(event) => rest.push(event),
            Err(TryRecvError::Ended) => return rest,
            Err(TryRecvError::Empty) => panic!("the stream does not end"),
        }
    }
}

fn note(cid: CollectiveId, domain: &str, importance: f32, kind: ExperienceKind) -> NewExperience {
    NewExperience {
        domain: vec![domain.into(), "other".into()],
        importance,
        experience_type: kind.into(),
        ..labelled("note", cid)
    }
}

/// One change of each kind, to one experience.
fn change_in_every_way(db: &PulseDB, cid: CollectiveId) -> Vec<WatchEventType> {
    use WatchEventType::{Archived, Created, Deleted, Updated};
    let id = db.record_experience(labelled("x", cid)).unwrap();
    db.update_experience(id, ExperienceUpdate { importance: Some(0.25), ..Default::default() }).unwrap();
    db.reinforce_experience(id).unwrap();
    db.archive_experience(id).unwrap();
    db.unarchive_experience(id).unwrap();
    db.delete_experience(id).unwrap();
    vec![Created, Updated, Updated, Archived, Updated, Deleted]
}

#[test]
fn each_change_arrives_once_in_order_with_its_number_and_time() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let other = db.create_collective("other").unwrap();
    db.record_experience(labelled("before", cid)).unwrap();
    let begin = db.get_current_sequence();
    let stream = db.watch_experiences(cid);
    assert_eq!(stream.try_recv(), Err(TryRecvError::Empty));
    db.record_experience(labelled("elsewhere", other)).unwrap();
    let kinds = change_in_every_way(&db, cid);
    db.record_experiences((0..5).map(|row| labelled(&row.to_string(), cid)).collect()).unwrap();
    let seen = take(&stream, kinds.len() + 5);
    assert_eq!(seen, events(&db, cid, begin));
    assert_eq!(seen.iter().map(|event| event.event_type).collect::<Vec<_>>()[..kinds.len()], kinds);
    assert_eq!(stream.try_recv(), Err(TryRecvError::Empty));
    assert!(stream.end().is_none());
}

#[test]
fn filters_choose_by_domain_type_and_importance_also_of_what_is_deleted() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let fact = ExperienceKind::Fact;
    let wanted = [
        WatchFilter { domains: Some(vec!["caf\u{e9}".into(), "none".into()]), ..Default::default() },
        WatchFilter { experience_types: Some(vec![fact.into()]), ..Default::default() },
        WatchFilter { min_importance: Some(0.5), ..Default::default() },
        WatchFilter {
            domains: Some(vec!["cafe\u{301}".into()]),
            experience_types: Some(vec![fact.into()]),
            min_importance: Some(0.75),
        },
        WatchFilter { domains: Some(Vec::new()), ..Default::default() },
    ];
    let streams = wanted.map(|filter| db.watch_experiences_filtered(cid, filter));
    let generic = ExperienceKind::Generic;
    let notes = [
        note(cid, "cafe\u{301}", 0.75, fact),
        note(cid, "tea", 0.75, fact),
        note(cid, "caf\u{e9}", 0.25, generic),
        note(cid, "tea", 0.5, generic),
    ];
    let ids: Vec<_> = notes.into_iter().map(|note| db.record_experience(note).unwrap()).collect();
    db.delete_experiences(&ids).unwrap();
    db.close().unwrap();
    let passed: [&[usize]; 5] = [&[0, 2], &[0, 1], &[0, 1, 3], &[0], &[]];
    for (stream, passed) in streams.iter().zip(passed) {
        let expected: Vec<_> = passed.iter().map(|one| ids[*one]).collect();
        let seen: Vec<_> = rest(stream).iter().map(|event| event.experience_id).collect();
        assert_eq!(seen, [expected.clone(), expected].concat());
    }
}

#[test]
fn pending_next_of_a_thread_and_of_a_task_wakes_when_the_database_closes() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let (first, mut second) = (db.watch_experiences(cid), db.watch_experiences(cid));
    let id = db.record_experience(labelled("x", cid)).unwrap();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| (first.recv(), first.recv(), first.end()));
        let task = scope.spawn(|| {
            let ended = futures_executor::block_on(async { (second.next().await, second.next().await) });
            (ended.0, ended.1, second.end())
        });
        db.close().unwrap();
        for outcome in [thread.join().unwrap(), task.join().unwrap()] {
            let (Some(event), None, Some(StreamEnd::Closed)) = outcome else { panic!("{outcome:?}") };
            assert_eq!(event.experience_id, id);
        }
    });
}

#[test]
fn stream_ends_with_its_own_handle_and_not_with_others() {
    let home = directory();
    let (db, other) = (open(home.path()), open(home.path()));
    let cid = db.create_collective("c").unwrap();
    let (stream, of_other) = (db.watch_experiences(cid), other.watch_experiences(cid));
    let clone = db.clone();
    drop(db);
    assert_eq!(stream.try_recv(), Err(TryRecvError::Empty));
    drop(clone);
    assert_eq!(stream.recv(), None);
    let id = other.record_experience(labelled("x", cid)).unwrap();
    assert_eq!(next(&of_other).experience_id, id);
    // Nothing of the closed handle is left open.
    other.close().unwrap();
    assert!(PulseDB::repair(home.path(), external(DIMENSION)).unwrap().is_clean());
}

#[test]
fn streams_that_cannot_begin_have_ended_and_say_why() {
    let home = directory();
    let db = open(home.path());
    let missing = db.watch_experiences(CollectiveId::new());
    assert_eq!(missing.recv(), None);
    assert!(matches!(missing.end(), Some(StreamEnd::CollectiveGone)));
    let missing = db.watch_from(CollectiveId::new(), WatchFilter::default(), 0).unwrap();
    assert_eq!(missing.recv(), None);
    assert!(matches!(missing.end(), Some(StreamEnd::CollectiveGone)));
    let cid = db.create_collective("c").unwrap();
    let bad = || WatchFilter { min_importance: Some(f32::NAN), ..Default::default() };
    let refused = db.watch_experiences_filtered(cid, bad());
    assert_eq!(refused.try_recv(), Err(TryRecvError::Ended));
    let Some(StreamEnd::Failed(PulseDBError::Validation(ValidationError::InvalidField { field, .. }))) =
        refused.end()
    else {
        panic!("{:?}", refused.end())
    };
    assert_eq!(field, "filter.min_importance");
    assert!(db.watch_from(cid, bad(), 0).unwrap_err().is_validation());
    let closed = db.clone();
    db.close().unwrap();
    let late = closed.watch_experiences(cid);
    assert_eq!(late.recv(), None);
    assert!(matches!(late.end(), Some(StreamEnd::Closed)));
    let late = closed.watch_from(cid, WatchFilter::default(), 0);
    assert!(matches!(late, Err(PulseDBError::Closed)));
}

#[test]
fn deletion_of_a_collective_delivers_that_of_its_experiences_and_ends() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let ids = db.record_experiences((0..30).map(|row| labelled(&row.to_string(), cid)).collect()).unwrap();
    let (all, none) =
        (db.watch_experiences(cid), WatchFilter { domains: Some(vec![]), ..Default::default() });
    let none = db.watch_experiences_filtered(cid, none);
    db.delete_collective(cid).unwrap();
    let seen = rest(&all);
    assert_eq!(seen.iter().map(|event| event.experience_id).collect::<Vec<_>>(), ids);
    assert!(seen.iter().all(|event| event.event_type == WatchEventType::Deleted));
    assert!(seen.is_sorted_by(|one, next| one.sequence + 1 == next.sequence));
    assert_eq!(rest(&none), []);
    for stream in [all, none] {
        assert!(matches!(stream.end(), Some(StreamEnd::CollectiveGone)));
    }
    // The log still has all of it.
    let replayed = rest(&db.watch_from(cid, WatchFilter::default(), 0).unwrap());
    assert_eq!(replayed.len(), 60);
}

#[test]
fn replay_from_a_number_goes_on_live_without_a_gap() {
    let home = directory();
    let config = || watched(WatchConfig { buffer_size: 2, ..WatchConfig::default() });
    let db = PulseDB::open(home.path(), config()).unwrap();
    let cid = db.create_collective("c").unwrap();
    let record = |count: usize| {
        db.record_experiences((0..count).map(|row| labelled(&row.to_string(), cid)).collect()).unwrap()
    };
    record(1500);
    let stream = db.watch_from(cid, WatchFilter::default(), 100).unwrap();
    let mut seen = take(&stream, 700);
    record(700);
    seen.extend(take(&stream, 1000));
    for _ in 0..10 {
        record(1);
        seen.extend(stream.try_recv());
    }
    seen.extend(take(&stream, 2211 - 100 - seen.len()));
    assert_eq!(seen, events(&db, cid, 100));
    assert_eq!(stream.try_recv(), Err(TryRecvError::Empty));
    let future = db.watch_from(cid, WatchFilter::default(), 2213).unwrap();
    let ids = record(4);
    assert_eq!(take(&future, 2).iter().map(|event| event.experience_id).collect::<Vec<_>>(), ids[2..]);
}

#[test]
fn clone_of_a_stream_goes_on_from_where_the_stream_is() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let stream = db.watch_experiences(cid);
    let ids = db.record_experiences((0..9).map(|row| labelled(&row.to_string(), cid)).collect()).unwrap();
    take(&stream, 4);
    let clone = stream.clone();
    take(&stream, 3);
    drop(stream);
    let last = db.record_experience(labelled("last", cid)).unwrap();
    let seen: Vec<_> = take(&clone, 6).iter().map(|event| event.experience_id).collect();
    assert_eq!(seen, [&ids[4..], &[last]].concat());
    db.close().unwrap();
    let late = clone.clone();
    assert_eq!((late.recv(), clone.recv()), (None, None));
    assert!(matches!(clone.clone().end(), Some(StreamEnd::Closed)));
}

#[test]
fn buffer_holds_as_many_events_as_asked_for_when_the_log_keeps_none() {
    let home = directory();
    let config = |buffer_size| Config {
        log: LogConfig { max_rows: 1, ..LogConfig::default() },
        ..watched(WatchConfig { buffer_size, ..WatchConfig::default() })
    };
    let large = PulseDB::open(home.path(), config(50)).unwrap();
    let small = PulseDB::open(home.path(), config(1)).unwrap();
    let cid = large.create_collective("c").unwrap();
    let (kept, lost) = (large.watch_experiences(cid), small.watch_experiences(cid));
    let ids: Vec<_> =
        (0..50).map(|row| large.record_experience(labelled(&row.to_string(), cid)).unwrap()).collect();
    assert_eq!(take(&kept, 50).iter().map(|event| event.experience_id).collect::<Vec<_>>(), ids);
    assert!(rest(&lost).len() <= 1);
    let Some(StreamEnd::ChangesGone { oldest }) = lost.end() else { panic!("{:?}", lost.end()) };
    let gone = small.watch_from(cid, WatchFilter::default(), oldest - 2).unwrap_err();
    assert!(matches!(gone, PulseDBError::ChangesGone { oldest: same } if same == oldest));
}

#[test]
fn streams_that_poll_see_nothing_before_their_interval_and_everything_after() {
    let home = directory();
    let poll = |poll_interval_ms| {
        let watch = WatchConfig { in_process: false, poll_interval_ms, ..WatchConfig::default() };
        PulseDB::open(home.path(), watched(watch)).unwrap()
    };
    let (hourly, often) = (poll(3_600_000), poll(1));
    let cid = hourly.create_collective("c").unwrap();
    let (slow, fast) = (hourly.watch_experiences(cid), often.watch_experiences(cid));
    let count = change_in_every_way(&hourly, cid).len();
    assert_eq!(take(&fast, count), events(&often, cid, 1));
    assert_eq!(slow.try_recv(), Err(TryRecvError::Empty));
    // The end is told at once, whatever the interval.
    hourly.close().unwrap();
    assert_eq!(slow.recv(), None);
}

#[test]
fn read_only_handle_watches_what_others_write() {
    let home = directory();
    let writer = open(home.path());
    let cid = writer.create_collective("c").unwrap();
    let reader = PulseDB::open(home.path(), Config::read_only()).unwrap();
    let stream = reader.watch_experiences(cid);
    let kinds = change_in_every_way(&writer, cid);
    assert_eq!(take(&stream, kinds.len()).iter().map(|event| event.event_type).collect::<Vec<_>>(), kinds);
}

#[test]
fn watch_settings_out_of_bounds_are_named() {
    let home = directory();
    let default = WatchConfig::default;
    let bad = [
        ("watch.poll_interval_ms", WatchConfig { poll_interval_ms: 0, ..default() }),
        ("watch.poll_interval_ms", WatchConfig { poll_interval_ms: 3_600_001, ..default() }),
        ("watch.buffer_size", WatchConfig { buffer_size: 0, ..default() }),
        ("watch.buffer_size", WatchConfig { buffer_size: 1_000_001, ..default() }),
    ];
    for (name, watch) in bad {
        let error = PulseDB::open(home.path().join("db"), watched(watch)).unwrap_err();
        let PulseDBError::Validation(ValidationError::InvalidField { field, .. }) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(field, name);
        assert!(!home.path().join("db").exists());
    }
}
