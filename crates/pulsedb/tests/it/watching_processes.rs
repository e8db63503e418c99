//! Streams over processes: what others commit arrives, whatever happens to them, to the wake page or to the directory.

use std::fs;
use std::path::Path;

use pulsedb::{Config, PulseDB, PulseDBError, StorageError, StreamEnd, WatchConfig, WatchFilter};

use crate::samples::{DIMENSION, directory, events, external, labelled, open};
use crate::watching::{PATIENCE, next, take};
use crate::worker::{WRITES_MAX, Worker, hear, say};

/// Settings of a watcher that looks by itself only once in this many milliseconds.
fn watched(poll_interval_ms: u64) -> Config {
    let watch = WatchConfig { poll_interval_ms, ..WatchConfig::default() };
    Config { watch, ..external(DIMENSION) }
}

/// So seldom that a test which waits for it fails.
const HOURLY: u64 = 3_600_000;
/// So often that a test which has to wait for it does not.
const OFTEN: u64 = 10;

/// The role of a process that says every change of the collective.
pub(crate) fn watch(arguments: &[String]) {
    let [path, since] = arguments else { panic!("two arguments") };
    let db = PulseDB::open(path, Config { read_only: true, ..watched(OFTEN) }).unwrap();
    let cid = db.get_or_create_collective("shared").unwrap();
    let stream = db.watch_from(cid, WatchFilter::default(), since.parse().unwrap()).unwrap();
    say("ready");
    for _ in 0..WRITES_MAX {
        let Some(event) = stream.recv() else { break };
        say(&format!("{} {}", event.sequence, event.experience_id));
    }
}

/// The role of a process that records one experience for each line, and says its id.
pub(crate) fn record_when_told(arguments: &[String]) {
    let db = PulseDB::open(&arguments[0], watched(OFTEN)).unwrap();
    let cid = db.get_or_create_collective("shared").unwrap();
    say("ready");
    while let Some(label) = hear() {
        say(&db.record_experience(labelled(&label, cid)).unwrap().to_string());
    }
}

fn ready(role: &str, path: &Path, arguments: &[&str]) -> Worker {
    let arguments: Vec<&str> = [path.to_str().unwrap()].iter().chain(arguments).copied().collect();
    let mut worker = Worker::start(role, &arguments);
    assert_eq!(worker.expect_line(), "ready");
    worker
}

#[test]
fn commit_of_another_process_wakes_a_watcher_that_would_not_look_for_an_hour() {
    let home = directory();
    let db = PulseDB::open(home.path(), watched(HOURLY)).unwrap();
    let cid = db.get_or_create_collective("shared").unwrap();
    let stream = db.watch_experiences(cid);
    let mut writer = ready("obey", home.path(), &[]);
    for round in 0..20 {
        let id = writer.ask(&format!("{round}"));
        assert_eq!(next(&stream).experience_id.to_string(), id);
        // Commits of this process between those of the other.
        let own = db.record_experience(labelled("own", cid)).unwrap();
        assert_eq!(next(&stream).experience_id, own);
    }
}

#[test]
fn process_that_only_reads_sees_every_change_of_the_others_and_catches_up_after_its_end() {
    let home = directory();
    let db = open(home.path());
    let cid = db.get_or_create_collective("shared").unwrap();
    let record = |label: &str| {
        let id = db.record_experience(labelled(label, cid)).unwrap();
        format!("{} {id}", db.get_current_sequence())
    };
    let mut watcher = ready("watch", home.path(), &["0"]);
    let mut last = String::new();
    for round in 0..20 {
        last = record(&format!("{round}"));
        assert_eq!(watcher.expect_line(), last);
    }
    // Nobody notices its end, and the next one goes on after what it had seen.
    watcher.kill();
    let missed = [record("one"), record("two")];
    let seen = last.split(' ').next().unwrap();
    let mut watcher = ready("watch", home.path(), &[seen]);
    assert_eq!([watcher.expect_line(), watcher.expect_line()], missed);
    assert_eq!(record("live"), watcher.expect_line());
}

#[test]
fn killed_writer_leaves_what_it_acknowledged_and_is_no_writer_any_more() {
    let home = directory();
    let db = PulseDB::open(home.path(), Config { read_only: true, ..watched(OFTEN) });
    assert!(db.is_err(), "there is none yet");
    for round in 0..5 {
        let mut writer = Worker::start("for ever", &[home.path().to_str().unwrap()]);
        writer.expect_line();
        let db = PulseDB::open(home.path(), Config { read_only: true, ..watched(OFTEN) }).unwrap();
        let cid = db.get_or_create_collective("others").unwrap();
        let stream = db.watch_experiences(cid);
        take(&stream, 10 + round);
        let writers = PulseDB::writers(home.path()).unwrap();
        assert_eq!(writers.iter().map(|holder| holder.pid).collect::<Vec<_>>(), [writer.pid()]);
        writer.kill();
        assert_eq!(PulseDB::writers(home.path()).unwrap(), []);
        // What is left comes, and then the stream waits for others.
        let all = events(&db, cid, 0);
        let mut last = stream.try_recv();
        while let Ok(event) = &last
            && event.sequence < all.last().unwrap().sequence
        {
            last = stream.recv_timeout(PATIENCE);
        }
        let mut other = ready("obey", home.path(), &[]);
        other.ask("in another collective");
        assert!(stream.end().is_none());
    }
}

#[test]
fn spoilt_wake_page_delays_watchers_and_loses_nothing() {
    let home = directory();
    let db = PulseDB::open(home.path(), watched(OFTEN)).unwrap();
    let cid = db.get_or_create_collective("shared").unwrap();
    let stream = db.watch_experiences(cid);
    let mut writer = ready("obey", home.path(), &[]);
    let mut watcher = ready("watch", home.path(), &["0"]);
    let page = home.path().join("wake");
    let spoil: [(&str, &dyn Fn()); 6] = [
        ("as it is", &|| ()),
        ("other bytes", &|| fs::write(&page, [0xa5; 5000]).unwrap()),
        ("no bytes", &|| fs::File::options().write(true).open(&page).unwrap().set_len(0).unwrap()),
        ("removed", &|| fs::remove_file(&page).unwrap()),
        ("a directory", &|| {
            let _ = fs::remove_file(&page);
            fs::create_dir(&page).unwrap();
        }),
        ("removed again", &|| fs::remove_dir(&page).unwrap()),
    ];
    for (state, spoil) in spoil {
        spoil();
        for round in 0..3 {
            let id = writer.ask(&format!("{state} {round}"));
            assert_eq!(next(&stream).experience_id.to_string(), id, "{state}");
            assert!(watcher.expect_line().ends_with(&id), "{state}");
            let own = db.record_experience(labelled("own", cid)).unwrap();
            assert_eq!(next(&stream).experience_id, own, "{state}");
            assert!(watcher.expect_line().ends_with(&own.to_string()), "{state}");
        }
    }
}

#[test]
fn database_that_is_deleted_or_made_again_ends_its_watchers() {
    let home = directory();
    for again in [false, true] {
        let path = home.path().join(again.to_string());
        let cid = open(&path).get_or_create_collective("shared").unwrap();
        let db = PulseDB::open(&path, Config { read_only: true, ..watched(OFTEN) }).unwrap();
        let streams = [db.watch_experiences(cid), db.watch_experiences(cid)];
        fs::remove_dir_all(&path).unwrap();
        if again {
            ready("obey", &path, &[]).ask("in the new one");
        }
        for stream in streams {
            assert_eq!(stream.recv(), None);
            let Some(StreamEnd::Failed(PulseDBError::Storage(StorageError::Replaced { .. }))) = stream.end()
            else {
                panic!("{:?}", stream.end())
            };
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn process_of_another_pid_namespace_is_seen_and_wakes_watchers() {
    let home = directory();
    let db = PulseDB::open(home.path(), watched(HOURLY)).unwrap();
    let cid = db.get_or_create_collective("shared").unwrap();
    let stream = db.watch_experiences(cid);
    let path = home.path().to_str().unwrap();
    let Some(mut writer) = Worker::start_in_namespace("obey", &[path]) else { return };
    assert_eq!(writer.expect_line(), "ready");
    // It is number 1 there.
    let mut writers: Vec<u32> = PulseDB::writers(path).unwrap().iter().map(|holder| holder.pid).collect();
    writers.sort_unstable();
    assert_eq!(writers, [1, std::process::id()]);
    for round in 0..10 {
        let id = writer.ask(&format!("{round}"));
        assert_eq!(next(&stream).experience_id.to_string(), id);
    }
    writer.kill();
    crate::samples::until("the process in the namespace is gone", || {
        PulseDB::writers(path).unwrap().len() == 1
    });
}
