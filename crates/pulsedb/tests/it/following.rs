//! A handle finds what any other handle has committed, whatever the log still holds.

use std::collections::BTreeSet;

use pulsedb::{
    CollectiveId, Config, EmbeddingDimension, ExperienceId, ExperienceUpdate, NewExperience, PulseDB,
};

fn config() -> Config {
    Config::with_external_embeddings(EmbeddingDimension::Custom(2))
}

fn notes(collective_id: CollectiveId, count: u16) -> Vec<NewExperience> {
    let note = |number: u16| NewExperience {
        collective_id,
        content: format!("note {number}"),
        embedding: Some(vec![1.0, f32::from(number)]),
        ..Default::default()
    };
    (0..count).map(note).collect()
}

/// A search finds what a list shows that is not archived, all of it.
fn assert_search_finds_all(db: &PulseDB, cid: CollectiveId) {
    let hits = db.search_similar(cid, &[1.0, 1.0], 1000).unwrap();
    let found: BTreeSet<ExperienceId> = hits.iter().map(|hit| hit.experience.id).collect();
    let mut listed = db.list_experiences(cid, 1000, 0).unwrap();
    listed.retain(|one| !one.archived);
    assert_eq!(found, listed.iter().map(|one| one.id).collect());
    for hit in hits {
        assert!(listed.contains(&hit.experience));
    }
}

#[test]
fn handle_that_the_log_has_left_behind_finds_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config();
    config.log.max_rows = 5;
    let writer = PulseDB::open(directory.path(), config.clone()).unwrap();
    let cid = writer.create_collective("c").unwrap();
    let ids = writer.record_experiences(notes(cid, 100)).unwrap();
    let follower = PulseDB::open(directory.path(), config).unwrap();
    assert_search_finds_all(&follower, cid);
    let seen = follower.get_current_sequence();
    for id in &ids[..20] {
        writer.delete_experience(*id).unwrap();
    }
    let update = ExperienceUpdate { embedding: Some(vec![-1.0, 0.0]), ..Default::default() };
    writer.update_experience(ids[30], update).unwrap();
    writer.archive_experience(ids[31]).unwrap();
    writer.record_experiences(notes(cid, 20)).unwrap();
    assert!(follower.poll_changes(cid, seen).is_err(), "the log still reaches back");
    assert_search_finds_all(&follower, cid);
    let last = follower.search_similar(cid, &[1.0, 0.0], 1000).unwrap().pop().unwrap();
    assert_eq!(last.experience.id, ids[30]);
}

#[test]
fn handle_finds_what_is_left_after_most_was_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let db = PulseDB::open(directory.path(), config()).unwrap();
    let cid = db.create_collective("c").unwrap();
    let ids = db.record_experiences(notes(cid, 1500)).unwrap();
    db.search_similar(cid, &[1.0, 1.0], 1).unwrap();
    let deleting = std::thread::scope(|scope| {
        // Several at a time share commits.
        let parts = ids[..1200].chunks(150).map(|part| {
            let db = db.clone();
            scope.spawn(move || part.iter().try_for_each(|id| db.delete_experience(*id)))
        });
        parts.collect::<Vec<_>>().into_iter().try_for_each(|part| part.join().unwrap())
    });
    deleting.unwrap();
    assert_search_finds_all(&db, cid);
    let more = db.record_experiences(notes(cid, 10)).unwrap();
    db.archive_experience(more[3]).unwrap();
    db.archive_experience(ids[1300]).unwrap();
    assert_search_finds_all(&db, cid);
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
}
