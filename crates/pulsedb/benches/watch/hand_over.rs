//! What a subscriber costs a writer: calls with subscribers and without, in turns, and the difference for each event.

use std::time::{Duration, Instant};

use pulsedb::{CollectiveId, ExperienceId, PulseDB, WatchStream};

use crate::table::{Table, note, open, percentile};

/// Changes of one call.
const CHANGES: usize = 500;

pub(crate) fn measure(rounds: usize, table: &mut Table) {
    let home = tempfile::tempdir().expect("a directory");
    let db = open(home.path());
    let cid = db.create_collective("c").expect("a collective");
    let notes = (0..CHANGES).map(|number| note(cid, number)).collect();
    let ids = db.record_experiences(notes).expect("they are recorded");
    for subscribers in [1, 8, 64] {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for _ in 0..(rounds / 10).max(10) {
            without.push(change(&db, &ids));
            let streams: Vec<WatchStream> = (0..subscribers).map(|_| db.watch_experiences(cid)).collect();
            with.push(change(&db, &ids));
            assert_all_told(&db, cid, &streams);
        }
        let (with, without) = (percentile(&mut with, 50), percentile(&mut without, 50));
        let more = with.as_nanos() as f64 - without.as_nanos() as f64;
        let each = more / (CHANGES * subscribers) as f64;
        let what = format!("hand-over of an event to each of {subscribers}");
        table.add(
            what,
            "<= 100 ns",
            format!("{each:.0} ns (a call of {CHANGES}: {without:.1?}, {with:.1?})"),
        );
    }
}

/// One call with many changes; how long it took.
fn change(db: &PulseDB, ids: &[ExperienceId]) -> Duration {
    let begin = Instant::now();
    db.archive_experiences(ids).expect("they are archived");
    let taken = begin.elapsed();
    for id in ids {
        db.unarchive_experience(*id).expect("it is there");
    }
    taken
}

fn assert_all_told(db: &PulseDB, cid: CollectiveId, streams: &[WatchStream]) {
    let last = db.get_current_sequence();
    for stream in streams {
        let events: Vec<_> = std::iter::from_fn(|| stream.try_recv().ok()).collect();
        assert_eq!(events.len(), 2 * CHANGES);
        assert!(events.last().is_some_and(|event| event.sequence == last && event.collective_id == cid));
    }
}
