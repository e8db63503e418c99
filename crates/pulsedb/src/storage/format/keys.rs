//! Keys: big-endian, so that their bytes sort as what they mean.

use crate::clock::Timestamp;
use crate::id::{AgentId, ExperienceId, Seq, TaskId};
use crate::model::change::{CollectiveNumber, Slot};

/// A timestamp as written in keys: offset binary, so that negative ones sort first.
fn time_bits(timestamp: Timestamp) -> [u8; 8] {
    ((timestamp.as_millis() as u64) ^ (1 << 63)).to_be_bytes()
}

/// Bytes of the part of an index key that follows the prefix: timestamp and id.
pub(crate) const TIME_ID_BYTES: usize = 24;

pub(crate) fn number(number: CollectiveNumber) -> [u8; 4] {
    number.0.to_be_bytes()
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
    let mut key = [0; 20];
    key[..4].copy_from_slice(&number.0.to_be_bytes());
    key[4..].copy_from_slice(id.as_bytes());
    key
}

/// The id at the end of a key of the tables `member` and `by_*`.
pub(crate) fn read_id(key: &[u8]) -> Option<ExperienceId> {
    key.last_chunk::<16>().map(|bytes| ExperienceId::from_bytes(*bytes))
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

/// The timestamp and id at the end of an index key.
pub(crate) fn read_time_id(key: &[u8]) -> Option<(Timestamp, ExperienceId)> {
    let tail: &[u8; TIME_ID_BYTES] = key.last_chunk()?;
    let (time, id) = tail.split_first_chunk::<8>()?;
    let millis = (u64::from_be_bytes(*time) ^ (1 << 63)) as i64;
    Some((Timestamp::from_millis(millis), ExperienceId::from_bytes(id.try_into().ok()?)))
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
