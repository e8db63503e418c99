//! Relations between experiences, and what superseding hides and brings back.

use pulsedb::{
    CollectiveId, ExperienceId, ExperienceRelation, NewExperience, NewExperienceRelation, NotFoundError,
    PulseDB, PulseDBError, Query, RelationDirection, RelationId, RelationType, SearchFilter, SearchOptions,
    Timestamp, ValidationError,
    WatchEventType::{Created, Deleted},
};

use crate::samples::{DIMENSION, directory, events, labelled, open, until_reclaimed};
use RelationDirection::{Both, Incoming, Outgoing};
use RelationType::{Contradicts, Elaborates, Supersedes, Supports};

/// A database with some records in one collective.
struct Filled {
    _home: tempfile::TempDir,
    db: PulseDB,
    cid: CollectiveId,
    ids: Vec<ExperienceId>,
}

fn filled(records: usize) -> Filled {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let ids =
        db.record_experiences((0..records).map(|at| labelled(&format!("{at}"), cid)).collect()).unwrap();
    Filled { _home: home, db, cid, ids }
}

impl Filled {
    fn relate(&self, source: usize, relation_type: RelationType, target: usize) -> RelationId {
        self.db.store_relation(self.given(source, relation_type, target)).unwrap()
    }

    fn given(&self, source: usize, relation_type: RelationType, target: usize) -> NewExperienceRelation {
        let (source_id, target_id) = (self.ids[source], self.ids[target]);
        NewExperienceRelation { source_id, target_id, relation_type, ..Default::default() }
    }

    /// What stands at the other ends of the relations of one, oldest relation first.
    fn related(&self, of: usize, direction: RelationDirection) -> Vec<(usize, RelationType)> {
        let related = self.db.get_related_experiences(self.ids[of], direction).unwrap();
        related.iter().map(|(one, relation)| (self.at(one.id), relation.relation_type)).collect()
    }

    fn at(&self, id: ExperienceId) -> usize {
        self.ids.iter().position(|one| *one == id).unwrap()
    }

    /// The records that a search finds, in the order of their ids.
    fn found(&self, filter: SearchFilter) -> Vec<usize> {
        let options = SearchOptions { k: 1000, filter, ..Default::default() };
        let hits = self.db.search(self.cid, Query::Vector(&[1.0; DIMENSION]), options).unwrap();
        let mut found: Vec<usize> = hits.iter().map(|hit| self.at(hit.experience.id)).collect();
        found.sort_unstable();
        found
    }

    /// The records that are not superseded, as every call says alike.
    fn living(&self) -> Vec<usize> {
        let living = self.found(SearchFilter::default());
        let everything = SearchFilter { include_superseded: true, ..Default::default() };
        let mut recent: Vec<usize> = self
            .db
            .get_recent_experiences(self.cid, 1000)
            .unwrap()
            .iter()
            .map(|one| self.at(one.id))
            .collect();
        recent.sort_unstable();
        assert_eq!(recent, living);
        let listed = self.db.list_experiences(self.cid, 1000, 0).unwrap();
        let marked: Vec<usize> =
            listed.iter().filter(|one| !one.superseded).map(|one| self.at(one.id)).collect();
        assert_eq!(marked, living);
        assert_eq!(self.found(everything).len(), listed.len());
        let report = self.db.check().unwrap();
        assert!(report.is_clean(), "{report:?}");
        living
    }

    fn history(&self, of: usize) -> Vec<usize> {
        self.db.get_history(self.ids[of]).unwrap().iter().map(|one| self.at(one.id)).collect()
    }
}

fn is_invalid(error: &PulseDBError, named: &str) -> bool {
    matches!(error, PulseDBError::Validation(ValidationError::InvalidField { field, .. }) if field == named)
}

#[test]
fn relation_comes_back_as_it_was_given_and_from_both_ends() {
    let one = filled(3);
    let new = NewExperienceRelation {
        strength: 0.75,
        metadata: Some("\u{1f980}".into()),
        ..one.given(0, Supports, 1)
    };
    let id = one.db.store_relation(new.clone()).unwrap();
    one.relate(2, Contradicts, 0);
    let found = one.db.get_relation(id).unwrap().unwrap();
    let expected = ExperienceRelation {
        id,
        source_id: new.source_id,
        target_id: new.target_id,
        relation_type: new.relation_type,
        strength: new.strength,
        metadata: new.metadata,
        created_at: found.created_at,
    };
    assert_eq!(found, expected);
    assert_eq!(one.related(0, Outgoing), [(1, Supports)]);
    assert_eq!(one.related(0, Incoming), [(2, Contradicts)]);
    assert_eq!(one.related(0, Both), [(1, Supports), (2, Contradicts)]);
    assert_eq!(one.related(1, Both), [(0, Supports)]);
    let filtered = one.db.get_related_experiences_filtered(one.ids[0], Both, Some(Contradicts)).unwrap();
    assert_eq!(filtered.len(), 1);
    assert_eq!(filtered[0].0, one.db.get_experience(one.ids[2]).unwrap().unwrap());
    let listed = one.db.list_relations(one.cid, 1000, 0).unwrap();
    assert_eq!(listed[0], expected);
    assert_eq!(one.db.list_relations(one.cid, 1, 1).unwrap(), listed[1..]);
    assert_eq!(one.db.list_relations(one.cid, 1, 2).unwrap(), []);
}

#[test]
fn relation_that_cannot_stand_is_refused_and_nothing_is_written() {
    let one = filled(3);
    let other = one.db.create_collective("other").unwrap();
    let elsewhere = one.db.record_experience(labelled("elsewhere", other)).unwrap();
    one.relate(0, Supports, 1);
    one.relate(0, Supersedes, 1);
    one.relate(1, Supersedes, 2);
    let sequence = one.db.get_current_sequence();
    let refused = |new| one.db.store_relation(new).unwrap_err();
    let between = |source_id, target_id| NewExperienceRelation { source_id, target_id, ..Default::default() };
    assert!(is_invalid(&refused(one.given(0, Supports, 0)), "target_id"));
    assert!(is_invalid(&refused(between(one.ids[0], elsewhere)), "target_id"));
    assert!(is_invalid(&refused(one.given(0, Supports, 1)), "relation_type"));
    for (source, target) in [(1, 0), (2, 0), (2, 1)] {
        assert!(is_invalid(&refused(one.given(source, Supersedes, target)), "target_id"));
    }
    for missing in [between(one.ids[0], ExperienceId::nil()), between(ExperienceId::new(), one.ids[0])] {
        let error = refused(missing);
        assert!(matches!(error, PulseDBError::NotFound(NotFoundError::Experience(_))), "{error}");
    }
    for strength in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
        assert!(is_invalid(
            &refused(NewExperienceRelation { strength, ..one.given(1, Supports, 0) }),
            "strength"
        ));
    }
    let metadata = Some("x".repeat(10_241));
    assert!(is_invalid(
        &refused(NewExperienceRelation { metadata, ..one.given(1, Supports, 0) }),
        "metadata"
    ));
    assert_eq!(one.db.get_current_sequence(), sequence);
    assert_eq!(one.db.list_relations(one.cid, 1000, 0).unwrap().len(), 3);
    // The other way round, and another type, is another relation.
    one.relate(1, Supports, 0);
    one.relate(0, Elaborates, 1);
}

#[test]
fn what_is_missing_is_not_found() {
    let one = filled(1);
    let id = ExperienceId::new();
    assert!(one.db.get_related_experiences(id, Both).unwrap_err().is_not_found());
    assert!(one.db.get_history(id).unwrap_err().is_not_found());
    assert!(one.db.supersede_experience(id, labelled("x", one.cid)).unwrap_err().is_not_found());
    assert_eq!(one.db.get_relation(RelationId::new()).unwrap(), None);
    let error = one.db.delete_relation(RelationId::new()).unwrap_err();
    assert!(matches!(error, PulseDBError::NotFound(NotFoundError::Relation(_))), "{error}");
    assert!(one.db.list_relations(CollectiveId::new(), 1, 0).unwrap_err().is_not_found());
    assert!(one.db.list_relations(one.cid, 0, 0).unwrap_err().is_validation());
}

#[test]
fn relations_go_with_either_end_in_the_same_commit_and_only_records_give_events() {
    let one = filled(4);
    for (source, target) in [(0, 1), (1, 2), (3, 1), (2, 3)] {
        one.relate(source, Supports, target);
    }
    let sequence = one.db.get_current_sequence();
    one.db.delete_experience(one.ids[1]).unwrap();
    // Three relations and one record.
    assert_eq!(one.db.get_current_sequence(), sequence + 4);
    let after = events(&one.db, one.cid, sequence);
    assert_eq!(after.iter().map(|event| event.event_type).collect::<Vec<_>>(), [Deleted]);
    assert_eq!(one.related(2, Both), [(3, Supports)]);
    assert_eq!(one.related(0, Both), []);
    assert_eq!(one.db.list_relations(one.cid, 1000, 0).unwrap().len(), 1);
    assert!(one.db.check().unwrap().is_clean());
}

#[test]
fn relations_go_with_their_collective() {
    let one = filled(40);
    let ids: Vec<RelationId> = (1..40).map(|at| one.relate(at, Supersedes, at - 1)).collect();
    let stored = one.db.get_relation(ids[0]).unwrap().unwrap();
    one.db.delete_collective(one.cid).unwrap();
    assert_eq!(one.db.get_relation(ids[0]).unwrap(), None);
    assert!(one.db.delete_relation(ids[0]).unwrap_err().is_not_found());
    until_reclaimed(&one.db);
    let stats = one.db.stats().unwrap();
    for table in stats.tables.iter().filter(|table| table.name.starts_with("relation")) {
        assert_eq!(table.rows, 0, "{}", table.name);
    }
    assert!(one.db.check().unwrap().is_clean());
    assert!(one.db.restore_relations(vec![stored]).unwrap_err().is_not_found());
}

#[test]
fn restored_relations_are_what_they_were_all_or_none() {
    let one = filled(4);
    let ids = [one.relate(0, Supersedes, 1), one.relate(2, Supports, 3), one.relate(1, Supersedes, 2)];
    let stored: Vec<ExperienceRelation> =
        ids.iter().map(|id| one.db.get_relation(*id).unwrap().unwrap()).collect();
    let taken = one.db.restore_relations(vec![stored[0].clone()]).unwrap_err();
    assert!(is_invalid(&taken, "id"), "{taken}");
    for id in ids {
        one.db.delete_relation(id).unwrap();
    }
    assert_eq!(one.living(), [0, 1, 2, 3]);
    let sequence = one.db.get_current_sequence();
    let cycle = ExperienceRelation {
        id: RelationId::new(),
        source_id: one.ids[2],
        target_id: one.ids[0],
        ..stored[0].clone()
    };
    let twice = [stored.clone(), vec![stored[1].clone()]].concat();
    let with_cycle = [stored.clone(), vec![cycle]].concat();
    let nil = vec![ExperienceRelation { id: RelationId::nil(), ..stored[0].clone() }];
    for refused in [twice, with_cycle, nil] {
        assert!(one.db.restore_relations(refused).unwrap_err().is_validation());
        assert_eq!(one.db.get_current_sequence(), sequence);
        assert_eq!(one.db.list_relations(one.cid, 1000, 0).unwrap(), []);
    }
    one.db.restore_relations(Vec::new()).unwrap();
    one.db.restore_relations(stored.iter().rev().cloned().collect()).unwrap();
    assert_eq!(one.db.list_relations(one.cid, 1000, 0).unwrap(), stored);
    assert_eq!(one.living(), [0, 3]);
    assert!(one.relate(3, Supports, 0) > ids[2]);
}

#[test]
fn later_relations_have_ids_above_restored_ones() {
    let one = filled(3);
    let mut id = [0xf0; 16];
    id[15] = 1;
    let id = RelationId::from_bytes(id);
    let created_at = Timestamp::from_millis(-1);
    let NewExperienceRelation { source_id, target_id, relation_type, strength, metadata } =
        one.given(0, Supports, 1);
    let restored =
        ExperienceRelation { id, source_id, target_id, relation_type, strength, metadata, created_at };
    one.db.restore_relations(vec![restored.clone()]).unwrap();
    assert_eq!(one.db.get_relation(id).unwrap(), Some(restored));
    assert!(one.relate(0, Supports, 2) > id);
}

#[test]
fn superseded_record_is_left_out_until_nothing_supersedes_it() {
    // In a block, and in the tail.
    for count in [20, 5] {
        let one = filled(count);
        let rest: Vec<usize> = (2..count).collect();
        let sequence = one.db.get_current_sequence();
        let first = one.relate(2, Supersedes, 0);
        let second = one.relate(2, Supersedes, 1);
        let third = one.relate(3, Supersedes, 1);
        assert_eq!(one.living(), rest);
        assert_eq!(events(&one.db, one.cid, sequence), []);
        // Archiving what supersedes brings nothing back.
        one.db.archive_experience(one.ids[2]).unwrap();
        assert_eq!(one.found(SearchFilter::default()), rest[1..]);
        one.db.unarchive_experience(one.ids[2]).unwrap();
        one.db.delete_relation(second).unwrap();
        assert_eq!(one.living(), rest);
        one.db.delete_relation(third).unwrap();
        assert_eq!(one.living(), [&[1], rest.as_slice()].concat());
        one.db.delete_relation(first).unwrap();
        assert_eq!(one.living(), (0..count).collect::<Vec<_>>());
    }
}

#[test]
fn superseded_record_stays_so_when_it_is_changed_sealed_and_merged() {
    let one = filled(10);
    one.relate(1, Supersedes, 0);
    let update = pulsedb::ExperienceUpdate { importance: Some(1.0), ..Default::default() };
    one.db.update_experience(one.ids[0], update).unwrap();
    assert_eq!(one.living().len(), 9);
    one.db.reinforce_experience(one.ids[0]).unwrap();
    for batch in 0..10 {
        let new = (0..16).map(|at| labelled(&format!("more {batch} {at}"), one.cid)).collect();
        one.db.record_experiences(new).unwrap();
    }
    let everything = SearchFilter { include_superseded: true, ..Default::default() };
    let count = |filter| {
        let options = SearchOptions { k: 1000, filter, ..Default::default() };
        one.db.search(one.cid, Query::Vector(&[1.0; DIMENSION]), options).unwrap().len()
    };
    assert_eq!((count(everything), count(SearchFilter::default())), (170, 169));
    assert!(one.db.check().unwrap().is_clean());
}

#[test]
fn superseding_is_one_commit_and_gives_one_event() {
    let mut one = filled(1);
    let sequence = one.db.get_current_sequence();
    let new = NewExperience { collective_id: CollectiveId::nil(), ..labelled("new", one.cid) };
    let id = one.db.supersede_experience(one.ids[0], new).unwrap();
    one.ids.push(id);
    assert_eq!(one.db.get_experience(id).unwrap().unwrap().collective_id, one.cid);
    let after = events(&one.db, one.cid, sequence);
    assert_eq!(after.iter().map(|event| event.event_type).collect::<Vec<_>>(), [Created]);
    assert_eq!(one.related(1, Both), [(0, Supersedes)]);
    assert_eq!(one.living(), [1]);
    let sequence = one.db.get_current_sequence();
    let other = one.db.create_collective("other").unwrap();
    let error = one.db.supersede_experience(one.ids[0], labelled("elsewhere", other)).unwrap_err();
    assert!(is_invalid(&error, "collective_id"), "{error}");
    assert_eq!(one.db.get_current_sequence(), sequence + 1);
}

#[test]
fn deleting_what_stands_between_joins_its_neighbours() {
    let one = filled(5);
    // Two supersede 2, which supersedes two.
    for (source, target) in [(0, 2), (1, 2), (2, 3), (2, 4)] {
        one.relate(source, Supersedes, target);
    }
    one.relate(0, Supersedes, 3);
    assert_eq!(one.living(), [0, 1]);
    one.db.delete_experience(one.ids[2]).unwrap();
    assert_eq!(one.living(), [0, 1]);
    assert_eq!(one.related(0, Outgoing), [(3, Supersedes), (4, Supersedes)]);
    assert_eq!(one.related(1, Outgoing), [(3, Supersedes), (4, Supersedes)]);
    // Deleting the newest ones brings back the ones before.
    one.db.delete_experience(one.ids[0]).unwrap();
    assert_eq!(one.living(), [1]);
    one.db.delete_experience(one.ids[1]).unwrap();
    assert_eq!(one.living(), [3, 4]);
}

#[test]
fn history_holds_all_that_superseding_joins_in_order_of_time() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let new = |at: usize, time: i64| NewExperience {
        timestamp: Some(Timestamp::from_millis(time)),
        ..labelled(&format!("{at}"), cid)
    };
    let times = [30, 10, 20, 20, 0];
    let ids = db.record_experiences((0..5).map(|at| new(at, times[at])).collect()).unwrap();
    let one = Filled { _home: home, db, cid, ids };
    for (source, target) in [(0, 2), (2, 1), (3, 1)] {
        one.relate(source, Supersedes, target);
    }
    one.relate(4, Supports, 1);
    for of in 0..4 {
        assert_eq!(one.history(of), [1, 2, 3, 0]);
    }
    assert_eq!(one.history(4), [4]);
}
