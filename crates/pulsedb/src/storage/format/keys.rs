//! Keys: big-endian, so that their bytes sort as what they mean.

use xxhash_rust::xxh3::xxh3_64;

use crate::clock::Timestamp;
use crate::id::{AgentId, ExperienceId, InsightId, Seq, TaskId};
use crate::model::change::{CollectiveNumber, Slot};

/// A timestamp as written in keys: offset binary, so that negative ones sort first.
fn time_bits(timestamp: Timestamp) -> [u8; 8] {
    ((timestamp.as_millis() as u64) ^ (1 << 63)).to_be_bytes()
}

fn time_of(bits: [u8; 8]) -> Timestamp {
    Timestamp::from_millis((u64::from_be_bytes(bits) ^ (1 << 63)) as i64)
}

/// Bytes of the part of an index key that follows the prefix: timestamp and id.
pub(crate) const TIME_ID_BYTES: usize = 24;

pub(crate) fn number(number: CollectiveNumber) -> [u8; 4] {
    number.0.to_be_bytes()
}

/// The number that a key begins with.
pub(crate) fn read_number(key: &[u8]) -> Option<CollectiveNumber> {
    key.first_chunk().map(|bytes| CollectiveNumber(u32::from_be_bytes(*bytes)))
}

pub(crate) fn slot(number: CollectiveNumber, slot: Slot) -> [u8; 8] {
    (u64::from(number.0) << 32 | u64::from(slot.0)).to_be_bytes()
}

/// The slot of a key of the tables `slot` and `piece`.
pub(crate) fn read_slot(key: &[u8]) -> Option<(CollectiveNumber, Slot)> {
    let both = u64::from_be_bytes(key.try_into().ok()?);
    Some((CollectiveNumber((both >> 32) as u32), Slot(both as u32)))
}

pub(crate) fn member(number: CollectiveNumber, id: ExperienceId) -> [u8; 20] {
    member_bytes(number, id.as_bytes())
}

/// The key of a row that says that a collective has a record or a relation of this id.
pub(crate) fn member_bytes(number: CollectiveNumber, id: &[u8; 16]) -> [u8; 20] {
    let mut key = [0; 20];
    key[..4].copy_from_slice(&number.0.to_be_bytes());
    key[4..].copy_from_slice(id);
    key
}

/// The key of a row that says that an insight follows from an experience.
pub(crate) fn insight_source(number: CollectiveNumber, source: ExperienceId, insight: InsightId) -> [u8; 36] {
    let mut key = [0; 36];
    key[..4].copy_from_slice(&number.0.to_be_bytes());
    key[4..20].copy_from_slice(source.as_bytes());
    key[20..].copy_from_slice(insight.as_bytes());
    key
}

/// The id at the end of a key of the tables `member` and `by_*`.
pub(crate) fn read_id(key: &[u8]) -> Option<ExperienceId> {
    read_id_bytes(key).map(ExperienceId::from_bytes)
}

/// The bytes of the id at the end of a key.
pub(crate) fn read_id_bytes(key: &[u8]) -> Option<[u8; 16]> {
    key.last_chunk().copied()
}

pub(crate) fn sequence(sequence: Seq) -> [u8; 8] {
    sequence.to_be_bytes()
}

pub(crate) fn read_sequence(key: &[u8]) -> Option<Seq> {
    Some(u64::from_be_bytes(key.try_into().ok()?))
}

/// The key prefix of all rows of one index that have the same value. Variable parts are preceded by their lengths, so
/// that no prefix is the beginning of another value's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefix(Vec<u8>);

impl Prefix {
    pub(crate) fn time(number: CollectiveNumber) -> Self {
        Self(number.0.to_be_bytes().to_vec())
    }

    pub(crate) fn experience_type(number: CollectiveNumber, type_tag: u8) -> Self {
        let mut bytes = Self::time(number).0;
        bytes.push(type_tag);
        Self(bytes)
    }

    pub(crate) fn agent(number: CollectiveNumber, agent: &AgentId) -> Self {
        Self::time(number).text(agent.as_str())
    }

    pub(crate) fn task(number: CollectiveNumber, task: &TaskId) -> Self {
        Self::time(number).text(task.as_str())
    }

    pub(crate) fn domain(number: CollectiveNumber, domain: &str) -> Self {
        Self::time(number).text(domain)
    }

    pub(crate) fn tag(number: CollectiveNumber, key: &str, value: &str) -> Self {
        Self::time(number).text(key).text(value)
    }

    fn text(mut self, text: &str) -> Self {
        self.0.extend_from_slice(&(text.len() as u16).to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// The key of one row under this prefix.
    pub(crate) fn row(&self, timestamp: Timestamp, id: ExperienceId) -> Vec<u8> {
        self.row_bytes(timestamp, id.as_bytes())
    }

    /// The first key that a row of this time may have.
    pub(crate) fn first_at(&self, timestamp: Timestamp) -> Vec<u8> {
        self.row_bytes(timestamp, &[0; 16])
    }

    /// The last key that a row of this time may have.
    pub(crate) fn last_at(&self, timestamp: Timestamp) -> Vec<u8> {
        self.row_bytes(timestamp, &[0xff; 16])
    }

    /// The first and the last key that a row under this prefix may have.
    pub(crate) fn whole(&self) -> (Vec<u8>, Vec<u8>) {
        (self.first_at(Timestamp(i64::MIN)), self.last_at(Timestamp(i64::MAX)))
    }

    fn row_bytes(&self, timestamp: Timestamp, id: &[u8; 16]) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.0.len() + TIME_ID_BYTES);
        key.extend_from_slice(&self.0);
        key.extend_from_slice(&time_bits(timestamp));
        key.extend_from_slice(id);
        key
    }
}

/// The key of a row of `by_task`: it stands in the order of creation under its task.
pub(crate) fn task(number: CollectiveNumber, task: &TaskId, id: ExperienceId) -> Vec<u8> {
    let mut key = Prefix::task(number, task).0;
    key.extend_from_slice(id.as_bytes());
    key
}

/// The key of a row of `by_key`, or what those of all keys with a beginning begin with: nothing follows the text.
pub(crate) fn by_key(number: CollectiveNumber, key: &str) -> Vec<u8> {
    [self::number(number).as_slice(), key.as_bytes()].concat()
}

/// The text of a key of `by_key`.
pub(crate) fn read_by_key(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.get(4..)?).ok()
}

/// Bytes of the beginning of a key of `by_content`.
const CONTENT_BYTES: usize = 4 + 8;

/// What the keys of `by_content` of all experiences with this content, and perhaps of others, begin with.
pub(crate) fn content(number: CollectiveNumber, content: &str) -> [u8; CONTENT_BYTES] {
    let mut key = [0; CONTENT_BYTES];
    key[..4].copy_from_slice(&number.0.to_be_bytes());
    key[4..].copy_from_slice(&xxh3_64(content.as_bytes()).to_be_bytes());
    key
}

/// The key of a row of `by_content`.
pub(crate) fn by_content(number: CollectiveNumber, content: &str, id: ExperienceId) -> Vec<u8> {
    [self::content(number, content).as_slice(), id.as_bytes()].concat()
}

/// Bytes of a key of `expiry`.
const EXPIRY_BYTES: usize = 8 + 4 + 16;

/// The key of a row of `expiry`: over all collectives, what expires first comes first.
pub(crate) fn expiry(end: Timestamp, number: CollectiveNumber, id: ExperienceId) -> [u8; EXPIRY_BYTES] {
    let mut key = [0xff; EXPIRY_BYTES];
    key[..8].copy_from_slice(&time_bits(end));
    key[8..12].copy_from_slice(&number.0.to_be_bytes());
    key[12..].copy_from_slice(id.as_bytes());
    key
}

/// The last key of `expiry` that what expires at this time may have.
pub(crate) fn last_expiry(end: Timestamp) -> [u8; EXPIRY_BYTES] {
    expiry(end, CollectiveNumber(u32::MAX), ExperienceId::from_bytes([0xff; 16]))
}

/// The parts of a key of `expiry`.
pub(crate) fn read_expiry(key: &[u8]) -> Option<(Timestamp, CollectiveNumber, ExperienceId)> {
    let key: &[u8; EXPIRY_BYTES] = key.try_into().ok()?;
    let (time, rest) = key.split_first_chunk()?;
    let (number, id) = rest.split_first_chunk()?;
    let number = CollectiveNumber(u32::from_be_bytes(*number));
    Some((time_of(*time), number, ExperienceId::from_bytes(id.try_into().ok()?)))
}

/// The key of a row of `activity`. It ends with the name, so nothing needs its length.
pub(crate) fn activity(number: CollectiveNumber, agent: &str) -> Vec<u8> {
    [self::number(number).as_slice(), agent.as_bytes()].concat()
}

/// The collective and the agent of a key of `activity`.
pub(crate) fn read_activity(key: &[u8]) -> Option<(CollectiveNumber, &str)> {
    let (number, agent) = key.split_first_chunk()?;
    Some((CollectiveNumber(u32::from_be_bytes(*number)), std::str::from_utf8(agent).ok()?))
}

/// The agent of a key of `by_agent`, and a key that no row of this agent is above.
pub(crate) fn read_agent(key: &[u8]) -> Option<(&str, Vec<u8>)> {
    let (length, rest) = key.get(4..)?.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let agent = std::str::from_utf8(rest.get(..length)?).ok()?;
    let mut last = key.get(..6 + length)?.to_vec();
    last.extend_from_slice(&[0xff; TIME_ID_BYTES]);
    Some((agent, last))
}

/// The timestamp and id at the end of an index key.
pub(crate) fn read_time_id(key: &[u8]) -> Option<(Timestamp, ExperienceId)> {
    let tail: &[u8; TIME_ID_BYTES] = key.last_chunk()?;
    let (time, id) = tail.split_first_chunk::<8>()?;
    Some((time_of(*time), ExperienceId::from_bytes(id.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_keys_sort_by_time_then_id() {
        let prefix = Prefix::domain(CollectiveNumber(7), "x");
        let times = [i64::MIN, -1, 0, 1, i64::MAX];
        let low = ExperienceId::from_bytes([0; 16]);
        let high = ExperienceId::from_bytes([0xff; 16]);
        let mut last = Vec::new();
        for time in times {
            for id in [low, high] {
                let key = prefix.row(Timestamp::from_millis(time), id);
                assert!(key > last);
                assert_eq!(read_time_id(&key), Some((Timestamp::from_millis(time), id)));
                last = key;
            }
        }
    }

    #[test]
    fn no_value_is_the_prefix_of_another() {
        let short = Prefix::tag(CollectiveNumber(1), "a", "bc");
        let long = Prefix::tag(CollectiveNumber(1), "ab", "c");
        assert!(!long.0.starts_with(&short.0));
        assert!(!short.0.starts_with(&long.0));
    }
}
