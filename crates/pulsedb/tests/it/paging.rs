//! Lists page by page: where one page ends the next begins, whatever happens between.

use pulsedb::{CollectiveId, ExperienceId};

use crate::samples::{all, directory, labelled, open};

#[test]
fn pages_after_an_id_are_the_list() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let neighbour = db.create_collective("neighbour").unwrap();
    let rows = |cid| (0..50).map(|row| labelled(&format!("{row}"), cid)).collect();
    let ids = db.record_experiences(rows(cid)).unwrap();
    db.record_experiences(rows(neighbour)).unwrap();
    db.archive_experiences(&ids[10..20]).unwrap();
    let listed = all(&db, cid);
    for limit in [1, 7, 49, 50, 51, 1000] {
        let mut found = Vec::new();
        let mut after = None;
        for _ in 0..=ids.len() {
            let page = db.list_experiences_after(cid, after, limit).unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            found.extend(page);
        }
        assert_eq!(found, listed, "pages of {limit}");
    }
    for (at, id) in ids.iter().enumerate() {
        assert_eq!(db.list_experiences_after(cid, Some(*id), 3).unwrap(), listed[at + 1..(at + 4).min(50)]);
    }
    let begin = Some(ExperienceId::nil());
    assert_eq!(db.list_experiences_after(cid, begin, 1000).unwrap(), listed);
    let end = Some(ExperienceId::from_bytes([0xff; 16]));
    assert_eq!(db.list_experiences_after(cid, end, 1000).unwrap(), []);
}

#[test]
fn page_goes_on_after_a_record_that_is_gone_and_shows_what_came_since() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let record = |count: usize| {
        let rows = (0..count).map(|row| labelled(&format!("{row}"), cid)).collect();
        db.record_experiences(rows).unwrap()
    };
    let ids = record(10);
    let seen = |after| {
        let page = db.list_experiences_after(cid, after, 100).unwrap();
        page.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    db.delete_experiences(&[ids[4], ids[5]]).unwrap();
    assert_eq!(seen(Some(ids[4])), ids[6..]);
    assert_eq!(seen(Some(ids[9])), []);
    let later = record(3);
    assert_eq!(seen(Some(ids[9])), later);
    db.delete_experience(ids[9]).unwrap();
    assert_eq!(seen(Some(ids[9])), later);
}

#[test]
fn page_of_no_collective_or_no_length_is_refused() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let unknown = CollectiveId::new();
    for after in [None, Some(ExperienceId::new())] {
        assert_eq!(db.list_experiences_after(cid, after, 1000).unwrap(), []);
        assert!(db.list_experiences_after(unknown, after, 10).unwrap_err().is_not_found());
        for limit in [0, 1001, usize::MAX] {
            assert!(db.list_experiences_after(cid, after, limit).unwrap_err().is_validation());
        }
    }
}
