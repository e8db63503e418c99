//! The model of relations, superseding, insights and contexts: lists, and answers by looking at everything.

use std::collections::BTreeSet;

use pulsedb::{
    CollectiveId, ContextRequest, DuplicatePolicy, ExperienceId, InsightFilter, InsightId, InsightType,
    NewDerivedInsight, NewExperience, NewExperienceRelation, PulseDB, Query, RelationDirection, RelationType,
    SearchOptions, WatchEventType,
};

use super::DIMENSION;
use super::command::{answer, given, query};
use super::keys;
use super::reference::{Reference, ok};
use crate::random::Random;
use crate::samples::{text, vector};

/// A relation, in the order of creation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Joined {
    cid: CollectiveId,
    source: ExperienceId,
    target: ExperienceId,
    relation_type: RelationType,
    strength: f32,
}

/// What is done with what joins records; numbers choose among what there is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Memory {
    Relate { source: u16, target: u16, kind: u8 },
    Unrelate { pick: u16, at: u8 },
    Supersede { pick: u16, seed: u16 },
    Related { pick: u16, direction: u8 },
    History { pick: u16 },
    Derive { pick: u16, sources: u16, count: u8, seed: u16 },
    Underive { at: u16 },
    InsightsOf { pick: u16 },
    FindInsights { pick: u16, seed: u16, k: u8 },
    Context { pick: u16, seed: u16 },
}

/// Few types, so that superseding is common.
fn relation_type(kind: u8) -> RelationType {
    [RelationType::Supersedes, RelationType::Supersedes, RelationType::Supports][usize::from(kind) % 3]
}

fn direction(number: u8) -> RelationDirection {
    [RelationDirection::Outgoing, RelationDirection::Incoming, RelationDirection::Both]
        [usize::from(number) % 3]
}

/// The insight of a command.
fn insight(cid: CollectiveId, seed: u16, sources: Vec<ExperienceId>) -> NewDerivedInsight {
    let random = &mut Random::new(u64::from(seed) ^ 0xface);
    NewDerivedInsight {
        collective_id: cid,
        content: format!("{seed} {}", text(random, 8)),
        embedding: Some(vector(random, DIMENSION)),
        source_experience_ids: sources,
        insight_type: *random.pick(&InsightType::ALL),
        confidence: random.fraction(),
        domain: vec![format!("domain {}", random.below(3))],
    }
}

/// The record of a command that supersedes: in the collective of the other one, without a key and an end.
fn newer(seed: u16) -> NewExperience {
    let new = given(CollectiveId::nil(), seed, 1).remove(0);
    NewExperience { key: None, expires_at: None, duplicate: DuplicatePolicy::Keep, ..new }
}

/// The line of an action, as the reference chooses what it is about.
pub(super) fn command(reference: &Reference, action: Memory) -> String {
    let cid = |pick| super::picked(&reference.rooms_ever, pick, CollectiveId::nil());
    let id = |pick| super::picked(&reference.ids_ever, pick, ExperienceId::nil());
    match action {
        Memory::Relate { source, target, kind } => format!("relate {} {} {kind}", id(source), id(target)),
        Memory::Unrelate { pick, at } => format!("unrelate {} {at}", cid(pick)),
        Memory::Supersede { pick, seed } => format!("supersede {} {seed}", id(pick)),
        Memory::Related { pick, direction } => format!("related {} {direction}", id(pick)),
        Memory::History { pick } => format!("history {}", id(pick)),
        Memory::Derive { pick, sources, count, seed } => {
            let sources: Vec<String> =
                (0..u16::from(count)).map(|at| id(sources.wrapping_add(at)).to_string()).collect();
            format!("derive {} {seed} {}", cid(pick), sources.join(" "))
        }
        Memory::Underive { at } => {
            let id = reference.insights.get(usize::from(at) % reference.insights.len().max(1));
            format!("underive {}", id.map_or(InsightId::nil(), |one| one.id))
        }
        Memory::InsightsOf { pick } => format!("insights-of {}", id(pick)),
        Memory::FindInsights { pick, seed, k } => format!("find-insights {} {seed} {k}", cid(pick)),
        Memory::Context { pick, seed } => format!("context {} {seed}", cid(pick)),
    }
}

/// Does what a line says; `None` for a line that is about something else.
pub(super) fn perform(db: &PulseDB, verb: &str, first: &str, words: &[&str]) -> Option<String> {
    let cid = || first.parse::<CollectiveId>().unwrap();
    let id = || first.parse::<ExperienceId>().unwrap();
    let number = |at: usize| words[at].parse::<usize>().unwrap();
    Some(match verb {
        "relate" => answer(
            db.store_relation(NewExperienceRelation {
                source_id: id(),
                target_id: words[0].parse().unwrap(),
                relation_type: relation_type(number(1) as u8),
                strength: number(1) as f32 / 256.0,
                metadata: None,
            })
            .map(|_| ()),
        ),
        "unrelate" => match db.list_relations(cid(), 1, number(0)) {
            Ok(relations) => match relations.first() {
                Some(relation) => answer(db.delete_relation(relation.id)),
                None => "none".to_owned(),
            },
            Err(error) => answer::<()>(Err(error)),
        },
        "supersede" => answer(db.supersede_experience(id(), newer(number(0) as u16))),
        "relations" => answer(db.list_relations(cid(), 1000, 0).map(|relations| {
            let parts = |one: &pulsedb::ExperienceRelation| {
                (one.source_id, one.target_id, one.relation_type, one.strength)
            };
            relations.iter().map(parts).collect::<Vec<_>>()
        })),
        "related" => {
            let related = db.get_related_experiences(id(), direction(number(0) as u8));
            answer(related.map(|related| {
                let pairs = related.into_iter().map(|(one, relation)| (one, relation.relation_type));
                pairs.collect::<Vec<_>>()
            }))
        }
        "history" => answer(db.get_history(id())),
        "derive" => {
            let sources = words[1..].iter().map(|word| word.parse().unwrap()).collect();
            answer(db.store_insight(insight(cid(), number(0) as u16, sources)))
        }
        "underive" => answer(db.delete_insight(first.parse().unwrap())),
        "insights" => answer(db.list_insights(cid(), 1000, 0)),
        "insights-of" => answer(db.insights_of(id())),
        "find-insights" => answer(
            db.get_insights(cid(), &query(number(0) as u16).0, number(1))
                .map(|found| found.into_iter().map(|(one, score)| (one.id, score)).collect::<Vec<_>>()),
        ),
        "context" => context(db, cid(), number(0) as u16),
        _ => return None,
    })
}

/// Whether each part of a context is what its own call answers.
fn context(db: &PulseDB, cid: CollectiveId, seed: u16) -> String {
    let (vector, filter) = query(seed);
    let request = ContextRequest {
        collective_id: cid,
        query_embedding: Some(vector.clone()),
        max_similar: 7,
        max_recent: 5,
        filter: filter.clone(),
        ..ContextRequest::default()
    };
    let found = match db.get_context_candidates(request.clone()) {
        Ok(found) => found,
        Err(error) => return answer::<()>(Err(error)),
    };
    let options = SearchOptions { k: 7, filter: filter.clone(), ..Default::default() };
    assert_eq!(found.similar_experiences, db.search(cid, Query::Vector(&vector), options).unwrap());
    assert_eq!(found.recent_experiences, db.get_recent_experiences_filtered(cid, 5, filter).unwrap());
    let insights = db.search_insights(cid, Query::Vector(&vector), 7, InsightFilter::default()).unwrap();
    assert_eq!(found.insights, insights);
    assert_eq!(found.active_agents, db.get_active_agents(cid).unwrap());
    let similar = found.similar_experiences.iter().map(|hit| hit.experience.id);
    let ids: BTreeSet<ExperienceId> =
        similar.chain(found.recent_experiences.iter().map(|one| one.id)).collect();
    let related = ids.iter().flat_map(|id| {
        let related = db.get_related_experiences(*id, RelationDirection::Both).unwrap();
        related.into_iter().map(|(_, relation)| relation)
    });
    let mut related: Vec<_> = related.collect();
    related.sort_by_key(|one| one.id);
    related.dedup();
    assert_eq!(found.relations, related);
    let fitted = db.get_context_candidates(ContextRequest { max_tokens: Some(600), ..request }).unwrap();
    assert!(fitted.render_markdown().len() <= 2400);
    "same".to_owned()
}

impl Reference {
    /// Compares an answer, and follows what it has changed.
    pub(super) fn remembered(&mut self, db: &PulseDB, action: Memory, command: &str, given: &str) {
        let words: Vec<&str> = command.split(' ').collect();
        match action {
            Memory::Relate { kind, .. } => {
                let (source, target) = (words[1].parse().unwrap(), words[2].parse().unwrap());
                self.related_new(source, target, kind, given);
            }
            Memory::Unrelate { at, .. } => self.unrelated(words[1].parse().unwrap(), at, given),
            Memory::Supersede { seed, .. } => self.superseded(db, words[1].parse().unwrap(), seed, given),
            Memory::Related { direction, .. } => {
                assert_eq!(given, self.related(words[1].parse().unwrap(), direction), "{command}");
            }
            Memory::History { .. } => {
                assert_eq!(given, self.history(words[1].parse().unwrap()), "{command}");
            }
            Memory::Derive { seed, .. } => {
                let sources = words[3..].iter().map(|word| word.parse().unwrap()).collect();
                self.derived(db, insight(words[1].parse().unwrap(), seed, sources), given);
            }
            Memory::Underive { .. } => self.underived(words[1].parse().unwrap(), given),
            Memory::InsightsOf { .. } => {
                assert_eq!(given, self.insights_of(words[1].parse().unwrap()), "{command}");
            }
            Memory::FindInsights { seed, k, .. } => {
                self.insights_found(words[1].parse().unwrap(), seed, k, given);
            }
            Memory::Context { .. } => {
                let exists = self.rooms.contains_key(&words[1].parse().unwrap());
                assert_eq!(given, if exists { "same" } else { "not found" }, "{command}");
            }
        }
    }

    fn related_new(&mut self, source: ExperienceId, target: ExperienceId, kind: u8, given: &str) {
        let relation_type = relation_type(kind);
        if source == target {
            return assert_eq!(given, "refused");
        }
        let cids = [source, target].map(|id| self.row(id).map(|row| row.collective_id));
        let [Some(cid), Some(other)] = cids else { return assert_eq!(given, "not found") };
        let is_taken = self.has(source, target, relation_type);
        let is_circle = relation_type == RelationType::Supersedes && self.reaches(target, source);
        if cid != other || is_taken || is_circle {
            return assert_eq!(given, "refused");
        }
        assert_eq!(given, ok(()));
        let strength = f32::from(kind) / 256.0;
        self.join(Joined { cid, source, target, relation_type, strength });
        if relation_type == RelationType::Supersedes {
            self.pass_key(source, target);
        }
    }

    fn has(&self, source: ExperienceId, target: ExperienceId, relation_type: RelationType) -> bool {
        let same =
            |one: &Joined| (one.source, one.target, one.relation_type) == (source, target, relation_type);
        self.relations.iter().any(same)
    }

    /// Whether one supersedes another, at once or through others.
    fn reaches(&self, from: ExperienceId, to: ExperienceId) -> bool {
        let mut reached = BTreeSet::from([from]);
        loop {
            let before = reached.len();
            let steps = self
                .relations
                .iter()
                .filter(|one| one.relation_type == RelationType::Supersedes && reached.contains(&one.source));
            let steps: Vec<ExperienceId> = steps.map(|one| one.target).collect();
            reached.extend(steps);
            if reached.len() == before {
                return reached.contains(&to);
            }
        }
    }

    fn join(&mut self, joined: Joined) {
        self.log(joined.cid, None);
        self.relations.push(joined);
        self.mark(joined.target);
    }

    /// Whether one that lives supersedes a record, at once or through those that have expired.
    fn has_successor(&self, id: ExperienceId) -> bool {
        let mut newer = self.relations.iter();
        newer.any(|one| {
            let of_it = one.target == id && one.relation_type == RelationType::Supersedes;
            of_it && (!self.pending.contains_key(&one.source) || self.has_successor(one.source))
        })
    }

    /// Marks all that is superseded, since a record has expired.
    pub(super) fn mark_all(&mut self) {
        let targets: BTreeSet<ExperienceId> = self.relations.iter().map(|one| one.target).collect();
        for id in targets {
            self.mark(id);
        }
    }

    /// Whether both ends of a relation live.
    fn has_ends(&self, one: &Joined) -> bool {
        !self.pending.contains_key(&one.source) && !self.pending.contains_key(&one.target)
    }

    fn mark(&mut self, id: ExperienceId) {
        let superseded = self.has_successor(id);
        let pending = self.pending.get_mut(&id);
        let living = self.rooms.values_mut().find_map(|(_, rows)| rows.get_mut(&id));
        if let Some(row) = pending.or(living) {
            row.superseded = superseded;
        }
    }

    fn unrelated(&mut self, cid: CollectiveId, at: u8, given: &str) {
        if !self.rooms.contains_key(&cid) {
            return assert_eq!(given, "not found");
        }
        let listed = |one: &Joined| one.cid == cid && self.has_ends(one);
        let place = self.relations.iter().enumerate().filter(|(_, one)| listed(one)).nth(usize::from(at));
        let Some((place, _)) = place else { return assert_eq!(given, "none") };
        assert_eq!(given, ok(()));
        let gone = self.relations.remove(place);
        self.log(cid, None);
        self.mark(gone.target);
    }

    /// What goes with a record: its relations, after those that it stood between were joined.
    pub(super) fn cut(&mut self, id: ExperienceId) {
        let superseding = |one: &&Joined| one.relation_type == RelationType::Supersedes;
        let mut newer: Vec<Joined> =
            self.relations.iter().filter(superseding).filter(|one| one.target == id).copied().collect();
        let mut older: Vec<Joined> =
            self.relations.iter().filter(superseding).filter(|one| one.source == id).copied().collect();
        newer.sort_by_key(|one| one.source);
        older.sort_by_key(|one| one.target);
        for newer in &newer {
            for older in &older {
                if !self.has(newer.source, older.target, RelationType::Supersedes) {
                    let strength = newer.strength.min(older.strength);
                    self.join(Joined { source: newer.source, strength, ..*older });
                }
            }
        }
        let is_of = |one: &Joined| one.source == id || one.target == id;
        let gone: Vec<Joined> = self.relations.extract_if(.., |one| is_of(one)).collect();
        for one in gone {
            self.log(one.cid, None);
            self.mark(one.target);
        }
    }

    /// What a record supersedes at once.
    pub(super) fn superseded_by(&self, id: ExperienceId) -> Vec<ExperienceId> {
        let superseding = |one: &&Joined| one.source == id && one.relation_type == RelationType::Supersedes;
        self.relations.iter().filter(superseding).map(|one| one.target).collect()
    }

    fn superseded(&mut self, db: &PulseDB, older: ExperienceId, seed: u16, given: &str) {
        let Some(cid) = self.row(older).map(|row| row.collective_id) else {
            return assert_eq!(given, "not found");
        };
        let ids = keys::ids(given);
        assert_eq!((ids.len(), given), (1, ok(ids[0]).as_str()));
        self.recorded_one(cid, ids[0], &newer(seed));
        let relation_type = RelationType::Supersedes;
        self.join(Joined { cid, source: ids[0], target: older, relation_type, strength: 1.0 });
        self.pass_key(ids[0], older);
        self.complete(db, &ids);
    }

    fn related(&mut self, id: ExperienceId, number: u8) -> String {
        if self.row(id).is_none() {
            return "not found".to_owned();
        }
        let direction = direction(number);
        let mut found = Vec::new();
        for one in self.relations.clone() {
            let far = match direction {
                RelationDirection::Outgoing | RelationDirection::Both if one.source == id => one.target,
                RelationDirection::Incoming | RelationDirection::Both if one.target == id => one.source,
                _ => continue,
            };
            found.extend(self.row(far).map(|row| (row.clone(), one.relation_type)));
        }
        ok(found)
    }

    fn history(&mut self, id: ExperienceId) -> String {
        if self.row(id).is_none() {
            return "not found".to_owned();
        }
        let mut joined = BTreeSet::from([id]);
        loop {
            let before = joined.len();
            for one in self.relations.iter().filter(|one| one.relation_type == RelationType::Supersedes) {
                if joined.contains(&one.source) || joined.contains(&one.target) {
                    joined.extend([one.source, one.target]);
                }
            }
            if joined.len() == before {
                break;
            }
        }
        let mut rows: Vec<_> =
            joined.into_iter().filter_map(|id| self.row(id).map(|row| row.clone())).collect();
        rows.sort_by_key(|row| (row.timestamp, row.id));
        ok(rows)
    }

    /// The relations of a collective, as a list says them.
    pub(super) fn relations(&self, cid: CollectiveId) -> String {
        if !self.rooms.contains_key(&cid) {
            return "not found".to_owned();
        }
        let of = self.relations.iter().filter(|one| one.cid == cid && self.has_ends(one));
        ok(of.map(|one| (one.source, one.target, one.relation_type, one.strength)).collect::<Vec<_>>())
    }

    /// What joined the records of a collective that is gone.
    pub(super) fn forget(&mut self, cid: CollectiveId) {
        self.relations.retain(|one| one.cid != cid);
        self.insights.retain(|one| one.collective_id != cid);
    }

    /// Logs that a record has gone, after what went with it.
    pub(super) fn log_gone(&mut self, cid: CollectiveId, id: ExperienceId) -> u64 {
        self.cut(id);
        self.log(cid, Some((WatchEventType::Deleted, id)))
    }
}
