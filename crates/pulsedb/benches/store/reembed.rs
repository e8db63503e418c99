//! Moving to another embedder.

use std::time::Instant;

use pulsedb::{EmbeddingProvider, PulseDB};

use crate::database::{Database, config};
use crate::report::Report;

/// Moves a copy to the bundled table, once: a move of many records is long enough.
pub(crate) fn measure(database: &Database, report: &mut Report) {
    let copy = database.copy("moved");
    let db = PulseDB::open(&copy, config()).expect("the copy opens");
    let service = EmbeddingProvider::default().service().expect("the table is bundled");
    let service = service.expect("the default setting names an embedder");
    let dimension = service.dimension();
    let mut records = 0;
    let start = Instant::now();
    db.reembed(service, |progress| records = progress.total).expect("the database moves");
    let seconds = start.elapsed().as_secs_f64();
    let moved = db.get_experience(database.ids[0]).expect("a get succeeds").expect("the record exists");
    assert_eq!((moved.embedding.len(), db.embedding_dimension()), (dimension, dimension));
    assert!(records >= database.size as u64);
    let rate = (records as f64 / seconds) as u64;
    report.add(
        "reembed with the bundled table, records a second",
        ">= 20 000",
        database.size,
        rate.to_string(),
    );
}
