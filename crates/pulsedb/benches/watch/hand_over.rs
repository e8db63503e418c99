//! What a subscriber costs a writer: calls with subscribers and without, in turns, and the difference for each event.
//!
//! The writer commits and hands over in its own thread, so the time that this thread spends on a processor is counted
//! where the system tells it: waiting for the disk is no part of it.

use std::time::Duration;

use pulsedb::{CollectiveId, ExperienceId, ExperienceUpdate, PulseDB, WatchStream};

use crate::clock::spent;
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
        let (mut more, mut whole) = (Vec::new(), Vec::new());
        for round in 0..rounds.div_ceil(4) {
            let without = change(&db, &ids, 2 * round);
            let streams: Vec<WatchStream> = (0..subscribers).map(|_| db.watch_experiences(cid)).collect();
            let with = change(&db, &ids, 2 * round + 1);
            assert_all_told(&db, cid, &streams);
            more.push((with.as_nanos() as f64 - without.as_nanos() as f64) / (CHANGES * subscribers) as f64);
            whole.push(without);
        }
        more.sort_by(f64::total_cmp);
        let (half, quarter) = (more[more.len() / 2], more.len() / 4);
        let (low, high) = (more[quarter], more[more.len() - 1 - quarter]);
        let whole = percentile(&mut whole, 50);
        let value =
            format!("{half:.0} ns, quartiles {low:.0} and {high:.0} (a call of {CHANGES}: {whole:.1?})");
        table.add(format!("hand-over of an event to each of {subscribers}"), "<= 100 ns", value);
    }
}

/// One call with many changes, of what is quick to change; what it took.
fn change(db: &PulseDB, ids: &[ExperienceId], round: usize) -> Duration {
    let related_files = Some(vec![format!("file {round}")]);
    let update = ExperienceUpdate { related_files, ..Default::default() };
    let updates = ids.iter().map(|id| (*id, update.clone())).collect();
    let begin = spent();
    db.update_experiences(updates).expect("they are updated");
    spent().saturating_sub(begin)
}

fn assert_all_told(db: &PulseDB, cid: CollectiveId, streams: &[WatchStream]) {
    let last = db.get_current_sequence();
    for stream in streams {
        let events: Vec<_> = std::iter::from_fn(|| stream.try_recv().ok()).collect();
        assert_eq!(events.len(), CHANGES);
        assert!(events.last().is_some_and(|event| event.sequence == last && event.collective_id == cid));
    }
}
