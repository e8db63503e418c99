//! Asking for changes when there are none, the substrate beside plain calls, and several writers beside one.

use std::time::{Duration, Instant};

use pulsedb::{CollectiveId, ExperienceId, PulseDB, PulseDBSubstrate, SubstrateProvider};

use crate::table::{Table, note, open, percentile};

const WRITERS: usize = 4;
/// Rounds in which one writer and several take turns.
const ROUNDS: usize = 7;

pub(crate) fn measure(rounds: usize, table: &mut Table) {
    let home = tempfile::tempdir().expect("a directory");
    let db = open(home.path());
    let cid = db.create_collective("c").expect("a collective");
    let id = db.record_experience(note(cid, 0)).expect("it is recorded");
    let last = db.get_current_sequence();
    let polls =
        (0..rounds).map(|_| timed(|| assert!(db.poll_changes(cid, last).expect("a poll").0.is_empty())));
    table.times("poll_changes, caught up", "<= 10 us", polls.collect());

    let mut plain: Vec<_> = (0..rounds).map(|_| timed(|| db.get_experience(id).expect("a get"))).collect();
    let substrate = PulseDBSubstrate::new(db.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let mut asynchronous: Vec<_> = runtime.block_on(async {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let begin = Instant::now();
            assert!(substrate.get_experience(id).await.expect("a get").is_some());
            times.push(begin.elapsed());
        }
        times
    });
    let (plain, asynchronous) = (percentile(&mut plain, 50), percentile(&mut asynchronous, 50));
    let more = asynchronous.saturating_sub(plain);
    table.add(
        "a substrate call over the plain call",
        "<= 40 us",
        format!("{more:.1?} ({plain:.1?}, {asynchronous:.1?})"),
    );

    let (mut one, mut several, mut together) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(rate(&db, cid, 1, rounds));
        several.push(rate(&db, cid, WRITERS, rounds));
        together.push(rate_of_calls(&db, cid, rounds));
    }
    let (one, several, together) = (median(one), median(several), median(together));
    let what = format!("records a second of {WRITERS} threads beside one, durable");
    table.add(what, ">= 2.5", format!("{:.2} ({one:.0}, {several:.0})", several / one));
    // One commit of as many records: no way of sharing commits among threads gives more.
    let what = format!("the same of one thread with {WRITERS} records in a call");
    table.add(what, "", format!("{:.2} ({together:.0})", together / one));
}

fn timed<T>(call: impl FnOnce() -> T) -> Duration {
    let begin = Instant::now();
    drop(call());
    begin.elapsed()
}

/// Records a second of so many threads.
fn rate(db: &PulseDB, cid: CollectiveId, writers: usize, rounds: usize) -> f64 {
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| {
                for number in 0..rounds {
                    let id = db.record_experience(note(cid, number)).expect("it is recorded");
                    assert_ne!(id, ExperienceId::nil());
                }
            });
        }
    });
    (writers * rounds) as f64 / begin.elapsed().as_secs_f64()
}

/// Records a second of one thread that records as many in a call as there are writers otherwise.
fn rate_of_calls(db: &PulseDB, cid: CollectiveId, rounds: usize) -> f64 {
    let begin = Instant::now();
    for number in 0..rounds {
        let notes = (0..WRITERS).map(|writer| note(cid, number + writer)).collect();
        assert_eq!(db.record_experiences(notes).expect("they are recorded").len(), WRITERS);
    }
    (WRITERS * rounds) as f64 / begin.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
