//! The model of insights: what follows from records, found by looking at everything.

use std::cmp::Reverse;

use pulsedb::{CollectiveId, DerivedInsight, ExperienceId, InsightId, NewDerivedInsight, PulseDB, Timestamp};

use super::command::query;
use super::reference::{Reference, TOLERANCE, cosine, ok};

impl Reference {
    pub(super) fn derived(&mut self, db: &PulseDB, new: NewDerivedInsight, given: &str) {
        let cid = new.collective_id;
        if !self.rooms.contains_key(&cid) {
            return assert_eq!(given, "not found");
        }
        for source in &new.source_experience_ids {
            match self.row(*source).map(|row| row.collective_id) {
                None => return assert_eq!(given, "not found"),
                Some(other) if other != cid => return assert_eq!(given, "refused"),
                Some(_) => {}
            }
        }
        let found = db.list_insights(cid, 1000, 0).unwrap();
        let found = found.last().expect("it was stored");
        assert_eq!(given, ok(found.id));
        assert!(self.insights.iter().all(|one| one.id < found.id), "ids ascend");
        self.log(cid, None);
        self.insights.push(DerivedInsight {
            id: found.id,
            collective_id: cid,
            content: new.content,
            embedding: new.embedding.unwrap(),
            source_experience_ids: new.source_experience_ids,
            missing_sources: Vec::new(),
            insight_type: new.insight_type,
            confidence: new.confidence,
            domain: new.domain,
            created_at: found.created_at,
        });
    }

    pub(super) fn underived(&mut self, id: InsightId, given: &str) {
        let place = self.insights.iter().position(|one| one.id == id);
        let Some(place) = place else { return assert_eq!(given, "not found") };
        assert_eq!(given, ok(()));
        let gone = self.insights.remove(place);
        self.log(gone.collective_id, None);
    }

    /// An insight with what is missing of it now. What has expired is not gone until it is removed.
    fn whole(&self, one: &DerivedInsight) -> DerivedInsight {
        let in_room = |id: &ExperienceId| {
            let pending = self.pending.get(id).map(|row| row.collective_id);
            let living = self.rooms.get(&one.collective_id).is_some_and(|(_, rows)| rows.contains_key(id));
            living || pending == Some(one.collective_id)
        };
        let mut missing = Vec::new();
        for id in one.source_experience_ids.iter().filter(|id| !in_room(id)) {
            if !missing.contains(id) {
                missing.push(*id);
            }
        }
        DerivedInsight { missing_sources: missing, ..one.clone() }
    }

    pub(super) fn insights_of(&mut self, id: ExperienceId) -> String {
        let room = self.row(id).map(|row| row.collective_id);
        let named = self.insights.iter().filter(|one| {
            one.source_experience_ids.contains(&id) && room.is_none_or(|room| room == one.collective_id)
        });
        let mut named: Vec<DerivedInsight> = named.map(|one| self.whole(one)).collect();
        if named.is_empty() && room.is_none() {
            return "not found".to_owned();
        }
        named.sort_by_key(|one| (one.collective_id, one.id));
        ok(named)
    }

    /// The insights of a collective, as a list says them.
    pub(super) fn insights(&self, cid: CollectiveId) -> String {
        if !self.rooms.contains_key(&cid) {
            return "not found".to_owned();
        }
        let of = self.insights.iter().filter(|one| one.collective_id == cid);
        ok(of.map(|one| self.whole(one)).collect::<Vec<_>>())
    }

    pub(super) fn insights_found(&self, cid: CollectiveId, seed: u16, k: u8, given: &str) {
        if !self.rooms.contains_key(&cid) {
            return assert_eq!(given, "not found");
        }
        let vector = query(seed).0;
        let of = self.insights.iter().filter(|one| one.collective_id == cid);
        let mut scored: Vec<(f64, Timestamp, InsightId)> =
            of.map(|one| (cosine(&vector, &one.embedding), one.created_at, one.id)).collect();
        scored.sort_by(|one, other| {
            other.0.total_cmp(&one.0).then((Reverse(one.1), one.2).cmp(&(Reverse(other.1), other.2)))
        });
        let words = given.split(['[', ']', '(', ')', ',', ' ']).filter(|word| !word.is_empty());
        let words: Vec<&str> = words.filter(|word| *word != "InsightId").collect();
        let found: Vec<(InsightId, f64)> =
            words.chunks_exact(2).map(|pair| (pair[0].parse().unwrap(), pair[1].parse().unwrap())).collect();
        assert_eq!(found.len(), scored.len().min(usize::from(k)));
        for ((id, score), (expected, ..)) in found.iter().zip(&scored) {
            // Equal scores may differ in the last bits of the model.
            assert!((score - expected).abs() < TOLERANCE, "{given}");
            let own = scored.iter().find(|(_, _, one)| one == id).expect("it is of this collective").0;
            assert!((score - own).abs() < TOLERANCE, "{given}");
        }
    }
}
