//! Rows as bytes: little-endian, fixed parts first, texts with their length before them.
//!
//! `docs/pulsedb-format.md` has every layout byte by byte. Reading never panics: what does not fit is `None`,
//! which callers turn into the error that names table and key.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::id::{AgentId, CollectiveId, ExperienceId, Seq, TaskId};
use crate::model::change::{Action, Change, ChangeKind, CollectiveNumber, ExperienceChange, Slot};
use crate::model::{Experience, ExperienceType, Severity};

/// Takes typed values off the front of foreign bytes.
pub(crate) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*front)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn f32(&mut self) -> Option<f32> {
        self.u32().map(f32::from_bits)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.u64().map(|bits| Timestamp::from_millis(bits as i64))
    }

    pub(crate) fn id(&mut self) -> Option<[u8; 16]> {
        self.array()
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.u32()?).ok()?;
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(front).ok().map(str::to_owned)
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        let count = usize::from(self.u16()?);
        (0..count).map(|_| self.text()).collect()
    }

    /// `Some` only if every byte was taken: a row has no tail.
    pub(crate) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Appends typed values.
pub(crate) trait Write {
    fn put(&mut self, bytes: &[u8]);

    fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    fn u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    fn f32(&mut self, value: f32) {
        self.u32(value.to_bits());
    }

    fn time(&mut self, value: Timestamp) {
        self.u64(value.as_millis() as u64);
    }

    fn text(&mut self, value: &str) {
        self.u32(value.len() as u32);
        self.put(value.as_bytes());
    }

    fn texts(&mut self, values: &[String]) {
        self.u16(values.len() as u16);
        for value in values {
            self.text(value);
        }
    }
}

impl Write for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A row of `collective`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CollectiveRow {
    pub(crate) number: CollectiveNumber,
    pub(crate) dimension: u16,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) name: String,
    pub(crate) owner: Option<String>,
}

impl CollectiveRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.u32(self.number.0);
        out.u16(self.dimension);
        out.u8(u8::from(self.owner.is_some()));
        out.time(self.created_at);
        out.time(self.updated_at);
        out.text(&self.name);
        if let Some(owner) = &self.owner {
            out.text(owner);
        }
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let number = CollectiveNumber(reader.u32()?);
        let dimension = reader.u16()?;
        let has_owner = flag(reader.u8()?)?;
        let created_at = reader.time()?;
        let updated_at = reader.time()?;
        let name = reader.text()?;
        let owner = if has_owner { Some(reader.text()?) } else { None };
        reader.end()?;
        Some(Self { number, dimension, created_at, updated_at, name, owner })
    }
}

/// A row of `counter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CounterRow {
    pub(crate) experiences: u64,
    pub(crate) bytes: u64,
    pub(crate) next_slot: u32,
}

impl CounterRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.u64(self.experiences);
        out.u64(self.bytes);
        out.u32(self.next_slot);
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let row = Self { experiences: reader.u64()?, bytes: reader.u64()?, next_slot: reader.u32()? };
        reader.end()?;
        Some(row)
    }
}

/// A row of `slot`: what a scan and a filter need of one experience.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SlotRow {
    pub(crate) id: ExperienceId,
    pub(crate) timestamp: Timestamp,
    /// What the vector kernels keep beside each vector; zero without a vector.
    pub(crate) norm_bits: u32,
    pub(crate) importance: f32,
    pub(crate) confidence: f32,
    pub(crate) type_tag: u8,
    pub(crate) archived: bool,
    pub(crate) has_vector: bool,
}

/// Bits of the flag byte in rows of `slot` and `experience`.
const ARCHIVED: u8 = 1;
const HAS_VECTOR: u8 = 2;
const HAS_TASK: u8 = 4;

impl SlotRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put(self.id.as_bytes());
        out.time(self.timestamp);
        out.u32(self.norm_bits);
        out.f32(self.importance);
        out.f32(self.confidence);
        out.u8(self.type_tag);
        out.u8(bit(self.archived, ARCHIVED) | bit(self.has_vector, HAS_VECTOR));
        out.u16(0);
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let id = ExperienceId::from_bytes(reader.id()?);
        let timestamp = reader.time()?;
        let norm_bits = reader.u32()?;
        let importance = reader.f32()?;
        let confidence = reader.f32()?;
        let type_tag = reader.u8()?;
        let flags = known_bits(reader.u8()?, ARCHIVED | HAS_VECTOR)?;
        let reserved = reader.u16()?;
        reader.end()?;
        if reserved != 0 {
            return None;
        }
        let archived = flags & ARCHIVED != 0;
        let has_vector = flags & HAS_VECTOR != 0;
        Some(Self { id, timestamp, norm_bits, importance, confidence, type_tag, archived, has_vector })
    }
}

/// Where the rows of an experience stand, beside what callers see of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) number: CollectiveNumber,
    pub(crate) slot: Slot,
    pub(crate) has_vector: bool,
}

/// Writes a row of `experience`. The vector is not part of it.
pub(crate) fn write_experience(place: Place, experience: &Experience, out: &mut Vec<u8>) {
    out.u32(place.number.0);
    out.u32(place.slot.0);
    out.put(experience.collective_id.as_bytes());
    out.u64(experience.sequence);
    out.time(experience.timestamp);
    out.time(experience.updated_at);
    out.time(experience.last_reinforced);
    out.f32(experience.importance);
    out.f32(experience.confidence);
    out.u32(experience.applications);
    out.u8(type_tag(&experience.experience_type));
    out.u8(bit(experience.archived, ARCHIVED)
        | bit(place.has_vector, HAS_VECTOR)
        | bit(experience.source_task.is_some(), HAS_TASK));
    out.text(&experience.content);
    out.text(experience.source_agent.as_str());
    if let Some(task) = &experience.source_task {
        out.text(task.as_str());
    }
    out.texts(&experience.domain);
    out.u16(experience.tags.len() as u16);
    for (key, value) in &experience.tags {
        out.text(key);
        out.text(value);
    }
    out.texts(&experience.related_files);
    write_type(&experience.experience_type, out);
}

/// Reads a row of `experience`; the embedding is left empty.
pub(crate) fn read_experience(id: ExperienceId, bytes: &[u8]) -> Option<(Place, Experience)> {
    let mut reader = Reader::new(bytes);
    let number = CollectiveNumber(reader.u32()?);
    let slot = Slot(reader.u32()?);
    let collective_id = CollectiveId::from_bytes(reader.id()?);
    let sequence = reader.u64()?;
    let timestamp = reader.time()?;
    let updated_at = reader.time()?;
    let last_reinforced = reader.time()?;
    let importance = reader.f32()?;
    let confidence = reader.f32()?;
    let applications = reader.u32()?;
    let type_tag = reader.u8()?;
    let flags = known_bits(reader.u8()?, ARCHIVED | HAS_VECTOR | HAS_TASK)?;
    let content = reader.text()?;
    let source_agent = AgentId::new(reader.text()?);
    let source_task = if flags & HAS_TASK == 0 { None } else { Some(TaskId::new(reader.text()?)) };
    let domain = reader.texts()?;
    let tags = read_tags(&mut reader)?;
    let related_files = reader.texts()?;
    let experience_type = read_type(type_tag, &mut reader)?;
    reader.end()?;
    let place = Place { number, slot, has_vector: flags & HAS_VECTOR != 0 };
    let experience = Experience {
        id,
        collective_id,
        content,
        embedding: Vec::new(),
        experience_type,
        importance,
        confidence,
        applications,
        domain,
        tags,
        related_files,
        source_agent,
        source_task,
        timestamp,
        updated_at,
        last_reinforced,
        archived: flags & ARCHIVED != 0,
        sequence,
    };
    Some((place, experience))
}

fn read_tags(reader: &mut Reader<'_>) -> Option<BTreeMap<String, String>> {
    let count = usize::from(reader.u16()?);
    let mut tags = BTreeMap::new();
    for _ in 0..count {
        let key = reader.text()?;
        // They are written in order. A key that stood twice would be lost silently.
        if tags.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return None;
        }
        tags.insert(key, reader.text()?);
    }
    Some(tags)
}

/// The number of a variant on disk.
pub(crate) const fn type_tag(experience_type: &ExperienceType) -> u8 {
    match experience_type {
        ExperienceType::Difficulty { .. } => 0,
        ExperienceType::Solution { .. } => 1,
        ExperienceType::ErrorPattern { .. } => 2,
        ExperienceType::SuccessPattern { .. } => 3,
        ExperienceType::UserPreference { .. } => 4,
        ExperienceType::ArchitecturalDecision { .. } => 5,
        ExperienceType::TechInsight { .. } => 6,
        ExperienceType::Fact { .. } => 7,
        ExperienceType::Generic { .. } => 8,
    }
}

fn write_type(experience_type: &ExperienceType, out: &mut Vec<u8>) {
    match experience_type {
        ExperienceType::Difficulty { description, severity } => {
            out.u8(*severity as u8);
            out.text(description);
        }
        ExperienceType::Solution { problem_ref, approach, worked } => {
            out.u8(u8::from(*worked));
            out.put(problem_ref.unwrap_or(ExperienceId::nil()).as_bytes());
            out.u8(u8::from(problem_ref.is_some()));
            out.text(approach);
        }
        ExperienceType::ErrorPattern { signature, fix, prevention } => {
            out.text(signature);
            out.text(fix);
            out.text(prevention);
        }
        ExperienceType::SuccessPattern { task_type, approach, quality } => {
            out.f32(*quality);
            out.text(task_type);
            out.text(approach);
        }
        ExperienceType::UserPreference { category, preference, strength } => {
            out.f32(*strength);
            out.text(category);
            out.text(preference);
        }
        ExperienceType::ArchitecturalDecision { decision: first, rationale: second }
        | ExperienceType::TechInsight { technology: first, insight: second }
        | ExperienceType::Fact { statement: first, source: second } => {
            out.text(first);
            out.text(second);
        }
        ExperienceType::Generic { category } => {
            out.u8(u8::from(category.is_some()));
            if let Some(category) = category {
                out.text(category);
            }
        }
    }
}

fn read_type(type_tag: u8, reader: &mut Reader<'_>) -> Option<ExperienceType> {
    Some(match type_tag {
        0 => {
            let severity = match reader.u8()? {
                0 => Severity::Low,
                1 => Severity::Medium,
                2 => Severity::High,
                3 => Severity::Critical,
                _ => return None,
            };
            ExperienceType::Difficulty { description: reader.text()?, severity }
        }
        1 => {
            let worked = flag(reader.u8()?)?;
            let id = ExperienceId::from_bytes(reader.id()?);
            let problem_ref = flag(reader.u8()?)?.then_some(id);
            if problem_ref.is_none() && !id.is_nil() {
                return None;
            }
            ExperienceType::Solution { problem_ref, approach: reader.text()?, worked }
        }
        2 => ExperienceType::ErrorPattern {
            signature: reader.text()?,
            fix: reader.text()?,
            prevention: reader.text()?,
        },
        3 => {
            let quality = reader.f32()?;
            ExperienceType::SuccessPattern { task_type: reader.text()?, approach: reader.text()?, quality }
        }
        4 => {
            let strength = reader.f32()?;
            ExperienceType::UserPreference { category: reader.text()?, preference: reader.text()?, strength }
        }
        5 => ExperienceType::ArchitecturalDecision { decision: reader.text()?, rationale: reader.text()? },
        6 => ExperienceType::TechInsight { technology: reader.text()?, insight: reader.text()? },
        7 => ExperienceType::Fact { statement: reader.text()?, source: reader.text()? },
        8 => {
            let category = if flag(reader.u8()?)? { Some(reader.text()?) } else { None };
            ExperienceType::Generic { category }
        }
        _ => return None,
    })
}

/// What a row of the log is about, as its kind byte.
mod kind {
    pub(in crate::storage) const COLLECTIVE_CREATED: u8 = 0;
    pub(in crate::storage) const COLLECTIVE_DELETED: u8 = 1;
    pub(in crate::storage) const EXPERIENCE_CREATED: u8 = 16;
    pub(in crate::storage) const EXPERIENCE_UPDATED: u8 = 17;
    pub(in crate::storage) const EXPERIENCE_REINFORCED: u8 = 18;
    pub(in crate::storage) const EXPERIENCE_ARCHIVED: u8 = 19;
    pub(in crate::storage) const EXPERIENCE_UNARCHIVED: u8 = 20;
    pub(in crate::storage) const EXPERIENCE_DELETED: u8 = 21;
}

/// Writes a row of `log`; its key is the sequence number.
pub(crate) fn write_change(change: &Change, transaction: u64, out: &mut Vec<u8>) {
    let tag = match &change.kind {
        ChangeKind::CollectiveCreated => kind::COLLECTIVE_CREATED,
        ChangeKind::CollectiveDeleted => kind::COLLECTIVE_DELETED,
        ChangeKind::Experience(experience) => match experience.action {
            Action::Created => kind::EXPERIENCE_CREATED,
            Action::Updated => kind::EXPERIENCE_UPDATED,
            Action::Reinforced => kind::EXPERIENCE_REINFORCED,
            Action::Archived => kind::EXPERIENCE_ARCHIVED,
            Action::Unarchived => kind::EXPERIENCE_UNARCHIVED,
            Action::Deleted => kind::EXPERIENCE_DELETED,
        },
    };
    out.u8(tag);
    out.u64(transaction);
    out.time(change.timestamp);
    out.u32(change.number.0);
    out.put(change.collective_id.as_bytes());
    if let ChangeKind::Experience(experience) = &change.kind {
        out.put(experience.id.as_bytes());
        out.u32(experience.slot.0);
        out.u32(experience.previous.0);
        out.u8(experience.type_tag);
        out.f32(experience.importance);
        out.texts(&experience.domain);
    }
}

/// Reads a row of `log`, and the number of the transaction that wrote it.
pub(crate) fn read_change(sequence: Seq, bytes: &[u8]) -> Option<(Change, u64)> {
    let mut reader = Reader::new(bytes);
    let tag = reader.u8()?;
    let transaction = reader.u64()?;
    let timestamp = reader.time()?;
    let number = CollectiveNumber(reader.u32()?);
    let collective_id = CollectiveId::from_bytes(reader.id()?);
    let action = match tag {
        kind::EXPERIENCE_CREATED => Some(Action::Created),
        kind::EXPERIENCE_UPDATED => Some(Action::Updated),
        kind::EXPERIENCE_REINFORCED => Some(Action::Reinforced),
        kind::EXPERIENCE_ARCHIVED => Some(Action::Archived),
        kind::EXPERIENCE_UNARCHIVED => Some(Action::Unarchived),
        kind::EXPERIENCE_DELETED => Some(Action::Deleted),
        kind::COLLECTIVE_CREATED | kind::COLLECTIVE_DELETED => None,
        _ => return None,
    };
    let kind = match action {
        Some(action) => ChangeKind::Experience(ExperienceChange {
            id: ExperienceId::from_bytes(reader.id()?),
            action,
            slot: Slot(reader.u32()?),
            previous: Slot(reader.u32()?),
            type_tag: reader.u8()?,
            importance: reader.f32()?,
            domain: reader.texts()?,
        }),
        None if tag == kind::COLLECTIVE_CREATED => ChangeKind::CollectiveCreated,
        None => ChangeKind::CollectiveDeleted,
    };
    reader.end()?;
    Some((Change { sequence, timestamp, number, collective_id, kind }, transaction))
}

/// A row of `reclaim`: a deleted collective, and how far the removal of its rows has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReclaimRow {
    pub(crate) collective_id: CollectiveId,
    pub(crate) deleted_at: Timestamp,
    /// The transaction that deleted it.
    pub(crate) transaction: u64,
    /// The sequence number of the deletion of the next experience that is still there.
    pub(crate) next_sequence: Seq,
    /// The sequence number of the deletion of the collective itself, one past its experiences' numbers.
    pub(crate) end_sequence: Seq,
}

impl ReclaimRow {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put(self.collective_id.as_bytes());
        out.time(self.deleted_at);
        out.u64(self.transaction);
        out.u64(self.next_sequence);
        out.u64(self.end_sequence);
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let row = Self {
            collective_id: CollectiveId::from_bytes(reader.id()?),
            deleted_at: reader.time()?,
            transaction: reader.u64()?,
            next_sequence: reader.u64()?,
            end_sequence: reader.u64()?,
        };
        reader.end()?;
        Some(row)
    }
}

/// A vector as its stored bytes.
pub(crate) fn write_vector(vector: &[f32], out: &mut Vec<u8>) {
    out.reserve(vector.len() * 4);
    for component in vector {
        out.put(&component.to_le_bytes());
    }
}

/// A stored vector; `None` if its length is no multiple of four bytes.
pub(crate) fn read_vector(bytes: &[u8]) -> Option<Vec<f32>> {
    let (components, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| components.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn bit(on: bool, mask: u8) -> u8 {
    if on { mask } else { 0 }
}

/// The byte if it has no bit but these: an unknown one means a format that this code does not know.
fn known_bits(byte: u8, known: u8) -> Option<u8> {
    (byte & !known == 0).then_some(byte)
}

fn flag(byte: u8) -> Option<bool> {
    match byte {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}
