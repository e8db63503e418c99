//! Digests of records: two have the same one if they are the same, bit for bit.

use pulsedb::{DerivedInsight, Experience, ExperienceRelation, Timestamp};
use xxhash_rust::xxh3::Xxh3;

/// What is hashed of a record, each part with its length.
#[derive(Default)]
struct Parts(Xxh3);

impl Parts {
    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn texts<T: AsRef<str>>(&mut self, texts: impl ExactSizeIterator<Item = T>) {
        self.number(texts.len() as u64);
        texts.for_each(|text| self.text(text.as_ref()));
    }

    fn optional(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    fn time(&mut self, time: Timestamp) {
        self.number(time.as_millis().cast_unsigned());
    }

    fn bits(&mut self, value: f32) {
        self.0.update(&value.to_bits().to_le_bytes());
    }

    fn vector(&mut self, vector: &[f32]) {
        self.number(vector.len() as u64);
        for component in vector {
            self.bits(*component);
        }
    }

    fn finish(&self) -> u128 {
        self.0.digest128()
    }
}

/// All of an experience but its sequence number, and whether it is superseded, which follows from relations.
pub(super) fn of_experience(one: &Experience) -> u128 {
    let mut parts = Parts::default();
    parts.bytes(one.id.as_bytes());
    parts.text(&one.content);
    parts.vector(&one.embedding);
    parts.text(&serde_json::to_string(&one.experience_type).expect("a type is a JSON object"));
    parts.bits(one.importance);
    parts.bits(one.confidence);
    parts.number(u64::from(one.applications));
    parts.texts(one.domain.iter());
    parts.texts(one.tags.keys());
    parts.texts(one.tags.values());
    parts.texts(one.related_files.iter());
    parts.text(one.source_agent.as_str());
    parts.optional(one.source_task.as_ref().map(pulsedb::TaskId::as_str));
    for time in [one.timestamp, one.updated_at, one.last_reinforced] {
        parts.time(time);
    }
    parts.number(u64::from(one.archived));
    parts.optional(one.key.as_deref());
    parts.number(u64::from(one.expires_at.is_some()));
    parts.time(one.expires_at.unwrap_or(Timestamp(0)));
    parts.finish()
}

/// All of a relation.
pub(super) fn of_relation(one: &ExperienceRelation) -> u128 {
    let mut parts = Parts::default();
    parts.bytes(one.id.as_bytes());
    parts.bytes(one.source_id.as_bytes());
    parts.bytes(one.target_id.as_bytes());
    parts.number(one.relation_type as u64);
    parts.bits(one.strength);
    parts.optional(one.metadata.as_deref());
    parts.time(one.created_at);
    parts.finish()
}

/// All of an insight, but which of its sources are missing.
pub(super) fn of_insight(one: &DerivedInsight) -> u128 {
    let mut parts = Parts::default();
    parts.bytes(one.id.as_bytes());
    parts.text(&one.content);
    parts.vector(&one.embedding);
    parts.number(one.source_experience_ids.len() as u64);
    one.source_experience_ids.iter().for_each(|id| parts.bytes(id.as_bytes()));
    parts.number(one.insight_type as u64);
    parts.bits(one.confidence);
    parts.texts(one.domain.iter());
    parts.time(one.created_at);
    parts.finish()
}

/// How many records there are, and the digest of all of theirs in order.
#[derive(Clone, Default)]
pub(super) struct Tally {
    pub(super) records: u64,
    digests: Xxh3,
}

impl Tally {
    pub(super) fn add(&mut self, digest: u128) {
        self.records += 1;
        self.digests.update(&digest.to_le_bytes());
    }

    pub(super) fn digest(&self) -> u128 {
        self.digests.digest128()
    }
}

#[cfg(test)]
mod tests {
    use pulsedb::ExperienceId;

    use super::*;

    fn experience() -> Experience {
        Experience {
            id: ExperienceId::from_bytes([1; 16]),
            collective_id: pulsedb::CollectiveId::from_bytes([2; 16]),
            content: "a note".into(),
            embedding: vec![0.0, 1.0],
            experience_type: pulsedb::ExperienceType::default(),
            importance: 0.5,
            confidence: 0.5,
            applications: 0,
            domain: vec!["a".into(), "bc".into()],
            tags: std::collections::BTreeMap::new(),
            related_files: Vec::new(),
            source_agent: pulsedb::AgentId::new("ada"),
            source_task: None,
            timestamp: Timestamp(1),
            updated_at: Timestamp(2),
            last_reinforced: Timestamp(3),
            archived: false,
            superseded: false,
            key: None,
            expires_at: None,
            sequence: 7,
        }
    }

    #[test]
    fn digest_tells_every_change_that_is_kept_and_no_other() {
        let one = experience();
        let same = Experience { sequence: 8, superseded: true, ..one.clone() };
        assert_eq!(of_experience(&one), of_experience(&same));
        let other: [Experience; 8] = [
            Experience { embedding: vec![-0.0, 1.0], ..one.clone() },
            Experience { domain: vec!["ab".into(), "c".into()], ..one.clone() },
            Experience { key: Some(String::new()), ..one.clone() },
            Experience { expires_at: Some(Timestamp(0)), ..one.clone() },
            Experience { archived: true, ..one.clone() },
            Experience { applications: 1, ..one.clone() },
            Experience { timestamp: Timestamp(2), updated_at: Timestamp(1), ..one.clone() },
            Experience { content: "a note ".into(), ..one.clone() },
        ];
        for other in other {
            assert_ne!(of_experience(&one), of_experience(&other), "{other:?}");
        }
    }
}
