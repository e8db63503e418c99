//! Calls that read: get, recent, search, anything new, open.

use std::time::{Duration, Instant};

use crate::data::{CONTENT_BYTES, DIMENSION, Source};
use crate::database::Database;
use crate::report::Report;

/// The calls take their ids and queries in turn from so many, in random order.
const INPUTS: usize = 1024;

pub(crate) fn measure(database: &Database, report: &mut Report) {
    let size = database.size;
    let mut source = Source::new(3);
    let db = database.open();
    let collective = database.collective;

    let ids: Vec<_> = (0..INPUTS).map(|_| database.ids[source.below(size)]).collect();
    let mut next = ids.iter().cycle();
    report.time("get_experience", "<= 8 us", size, || {
        let id = *next.next().expect("a cycle has no end");
        let found = db.get_experience(id).expect("a get succeeds").expect("the record exists");
        assert!(found.id == id && found.content.len() == CONTENT_BYTES && found.embedding.len() == DIMENSION);
    });

    report.time("get_recent_experiences(50)", "<= 60 us", size, || {
        let recent = db.get_recent_experiences(collective, 50).expect("a listing succeeds");
        assert!(recent.len() == 50 && recent[49].embedding.len() == DIMENSION);
    });

    report.time("get_current_sequence, nothing new", "<= 1 us", size, || {
        assert!(db.get_current_sequence() as usize > size);
    });

    let queries: Vec<_> = (0..INPUTS).map(|_| source.vector()).collect();
    let mut next = queries.iter().cycle();
    report.time("search_similar(10), exact", "<= 3 ms at 10 000", size, || {
        let query = next.next().expect("a cycle has no end");
        let hits = db.search_similar(collective, query, 10).expect("a search succeeds");
        assert!(hits.len() == 10 && hits.is_sorted_by(|one, next| one.similarity >= next.similarity));
    });
    db.close().expect("the database closes");

    report.time_parts("open, process warm", "<= 5 ms", size, 1, |times| {
        let mut elapsed = Duration::ZERO;
        for _ in 0..times {
            let start = Instant::now();
            let db = database.open();
            elapsed += start.elapsed();
            db.close().expect("the database closes");
        }
        elapsed
    });
}
