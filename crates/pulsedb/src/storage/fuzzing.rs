//! Every reader of stored bytes in one place, for the fuzz targets and for the tests below.
//!
//! The readers are private. This module exists only under `cfg(fuzzing)`, which cargo-fuzz sets, and in tests.

use std::path::Path;

use crate::config::SyncMode;
use crate::id::{AgentId, ExperienceId, InsightId, RelationId};
use crate::storage::env;
use crate::storage::env::{EnvOptions, Environment};
use crate::storage::format::activity::ActivityRow;
use crate::storage::format::change::{read_change, write_change};
use crate::storage::format::collective::{CollectiveRow, CounterRow};
use crate::storage::format::experience::{Place, read_experience, write_experience};
use crate::storage::format::insight::{read_insight, write_insight};
use crate::storage::format::keys::{self, Prefix};
use crate::storage::format::meta::{self, EmbeddingRow, FormatRow};
use crate::storage::format::reclaim::ReclaimRow;
use crate::storage::format::relation::{Link, RelationRow};
use crate::storage::format::seal;
use crate::storage::format::series::ProgressRow;
use crate::storage::format::slot::{SlotRow, read_slot_value};
use crate::storage::format::tables::{NAMES, Table};
use crate::storage::format::vector::{VectorRow, read_vector, write_vector};
use crate::storage::format::writer::Write as _;

/// The names of the tables, in the order of their numbers.
pub const TABLES: &[&str] = NAMES;

/// Reads bytes as each kind of value, key, seal and header.
///
/// # Panics
/// If a reader panics, or accepts bytes that its writer would not have written: then two values would mean the same,
/// and a row would change when it is read and written back.
pub fn read(bytes: &[u8]) {
    read_values(bytes);
    read_keys(bytes);
    read_meta(bytes);
    for table in Table::ALL {
        let key = bytes.get(..8).unwrap_or_default();
        let sealed = sealed(table as usize, key, bytes);
        assert_eq!(seal::open(table, key, &sealed).ok(), Some(bytes), "a value does not open again");
        if let Ok(payload) = seal::open(table, key, bytes) {
            assert_eq!(self::sealed(table as usize, key, payload), bytes, "two seals for one value");
        }
    }
    // A refusal is an answer; both pages are judged without a file.
    let _ = env::judge_header(bytes);
}

/// A value as it is stored in a table under a key.
///
/// # Panics
/// If there is no table of this number.
pub fn sealed(table: usize, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    seal::begin(&mut value);
    value.extend_from_slice(payload);
    seal::finish(Table::ALL[table], key, &mut value);
    value
}

/// The place of a row: the number of its table, and how many rows come before it, modulo the number of rows.
pub type RowPlace = (usize, usize);

/// Changes rows of the database in a directory below their seals. `change` is given the number of the place, the
/// key and the value as it is stored, and returns the value to put there; `None` removes the row.
///
/// # Panics
/// If the database is not sound, or there is no such table.
pub fn change_rows(
    path: &Path,
    places: &[RowPlace],
    mut change: impl FnMut(usize, &[u8], Vec<u8>) -> Option<Vec<u8>>,
) {
    let options =
        EnvOptions { path: path.to_owned(), map_size_gb: 1, sync_mode: SyncMode::Fast, read_only: false };
    let env = Environment::open(&options, NAMES).expect("the database is sound");
    let mut turn = env.turn().expect("nobody else writes");
    let mut guard = turn.begin().expect("nobody else writes");
    for (index, (table, number)) in places.iter().enumerate() {
        let table = guard.engine().table(*table);
        let rows = table.len(&guard).expect("the table is sound") as usize;
        let row = table.iter(&guard).expect("the table is sound").nth(number % rows.max(1));
        let Some((key, value)) = row.transpose().expect("the table is sound") else { continue };
        let (key, value) = (key.to_vec(), value.to_vec());
        match change(index, &key, value) {
            Some(value) => table.put(guard.txn(), &key, &value).expect("there is room"),
            None => assert!(table.delete(guard.txn(), &key).expect("there is room"), "the row was found"),
        }
    }
    guard.commit().expect("there is room");
}

fn read_values(bytes: &[u8]) {
    let id = ExperienceId::from_bytes([7; 16]);
    same(bytes, "activity", ActivityRow::read(bytes), ActivityRow::write);
    same(bytes, "collective", CollectiveRow::read(bytes), CollectiveRow::write);
    same(bytes, "counter", CounterRow::read(bytes), CounterRow::write);
    same(bytes, "slot", SlotRow::read(bytes), SlotRow::write);
    same(bytes, "reclaim", ReclaimRow::read(bytes), ReclaimRow::write);
    same(bytes, "experience", read_experience(id, bytes), |(place, experience), out| {
        write_experience(*place, experience, out);
    });
    same(bytes, "log", read_change(7, bytes), |(change, transaction), out| {
        assert_eq!(change.sequence, 7, "a change has the number of its key");
        write_change(change, *transaction, out);
    });
    let relation = RelationId::from_bytes([7; 16]);
    same(bytes, "relation", RelationRow::read(relation, bytes), RelationRow::write);
    let insight = InsightId::from_bytes([7; 16]);
    same(bytes, "insight", read_insight(insight, bytes), |(place, insight), out| {
        write_insight(*place, insight, out);
    });
    same(bytes, "vector", read_vector(bytes), |vector, out| {
        write_vector(vector.map(VectorRow::to_stored).as_ref(), out);
    });
    same(bytes, "progress", ProgressRow::read(bytes), ProgressRow::write);
    same(bytes, "mark", meta::read_mark(bytes), |(), _| ());
    same(bytes, "slot value", read_slot_value(bytes), |slot, out| out.u32(slot.0));
}

fn read_meta(bytes: &[u8]) {
    same(bytes, "format", FormatRow::read(bytes), |row, out| {
        // A refusal is an answer.
        let _ = row.admit();
        row.write(out);
    });
    same(bytes, "embedding", EmbeddingRow::read(bytes), EmbeddingRow::write);
    same(bytes, "number", meta::read_number(bytes), |number, out| out.u64(*number));
}

fn read_keys(bytes: &[u8]) {
    same(bytes, "slot key", keys::read_slot(bytes), |(number, slot), out| {
        out.put(&keys::slot(*number, *slot));
    });
    let relation = [7; 16];
    same(bytes, "link key", Link::read(bytes, &relation), |link, out| {
        // The number of the collective is not part of a link.
        let number = keys::read_number(bytes).expect("a key of a link begins with a number");
        out.put(&link.key(number));
    });
    same(bytes, "activity key", keys::read_activity(bytes), |(number, agent), out| {
        out.put(&keys::activity(*number, agent));
    });
    same(bytes, "expiry key", keys::read_expiry(bytes), |(end, number, id), out| {
        out.put(&keys::expiry(*end, *number, *id));
    });
    same(bytes, "sequence key", keys::read_sequence(bytes), |sequence, out| {
        out.put(&keys::sequence(*sequence));
    });
    // The tail of an index key is read alone, so it is written below a prefix again.
    let Some((number, slot)) = keys::read_slot(bytes.get(..8).unwrap_or_default()) else { return };
    let text = String::from_utf8_lossy(bytes);
    let prefixes = [
        Prefix::time(number),
        Prefix::experience_type(number, slot.0 as u8),
        Prefix::agent(number, &AgentId::new(text.as_ref())),
        Prefix::domain(number, &text),
        Prefix::tag(number, &text, &text),
    ];
    for prefix in prefixes {
        if let Some((time, id)) = keys::read_time_id(bytes) {
            let key = prefix.row(time, id);
            assert_eq!(keys::read_time_id(&key), Some((time, id)), "an index key does not read back");
            assert!(prefix.first_at(time) <= key && key <= prefix.last_at(time), "a key outside its bounds");
        }
    }
    if let Some(id) = keys::read_id(bytes) {
        assert_eq!(keys::read_id(&keys::member(number, id)), Some(id), "a member key does not read back");
    }
}

/// What was read must write back to the bytes that it was read from.
fn same<T>(bytes: &[u8], what: &str, read: Option<T>, write: impl FnOnce(&T, &mut Vec<u8>)) {
    let Some(value) = read else { return };
    let mut out = Vec::new();
    write(&value, &mut out);
    assert_eq!(out, bytes, "{what} is written in another way than it was read");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::clock::Timestamp;
    use crate::id::{CollectiveId, TaskId};
    use crate::model::change::Slot;
    use crate::model::change::{Action, Change, ChangeKind, CollectiveNumber, ExperienceChange};
    use crate::model::{
        DerivedInsight, Experience, ExperienceRelation, ExperienceType, InsightType, ProviderIdentity,
        RelationType, Severity,
    };
    use crate::storage::format::series::Generation;
    use crate::storage::format::vector::StoredVector;

    fn experience_types() -> Vec<ExperienceType> {
        let text = || "\u{e9}t\u{e9}".to_owned();
        vec![
            ExperienceType::Difficulty { description: text(), severity: Severity::Critical },
            ExperienceType::Solution { problem_ref: None, approach: text(), worked: false },
            ExperienceType::Solution {
                problem_ref: Some(ExperienceId::from_bytes([9; 16])),
                approach: text(),
                worked: true,
            },
            ExperienceType::ErrorPattern { signature: text(), fix: String::new(), prevention: text() },
            ExperienceType::SuccessPattern { task_type: text(), approach: text(), quality: 0.25 },
            ExperienceType::UserPreference { category: text(), preference: text(), strength: 1.0 },
            ExperienceType::ArchitecturalDecision { decision: text(), rationale: text() },
            ExperienceType::TechInsight { technology: text(), insight: text() },
            ExperienceType::Fact { statement: text(), source: text() },
            ExperienceType::Generic { category: None },
            ExperienceType::Generic { category: Some(text()) },
        ]
    }

    fn experience(experience_type: ExperienceType) -> Experience {
        Experience {
            id: ExperienceId::from_bytes([7; 16]),
            collective_id: CollectiveId::from_bytes([3; 16]),
            content: "content".into(),
            embedding: Vec::new(),
            experience_type,
            importance: 0.5,
            confidence: f32::NAN,
            applications: u32::MAX,
            domain: vec!["a".into(), String::new()],
            tags: BTreeMap::from([("k".into(), "v".into()), ("l".into(), String::new())]),
            related_files: vec!["f".into()],
            source_agent: AgentId::new("agent"),
            source_task: Some(TaskId::new("task")),
            timestamp: Timestamp::from_millis(-1),
            updated_at: Timestamp::from_millis(i64::MAX),
            last_reinforced: Timestamp::from_millis(i64::MIN),
            archived: true,
            superseded: true,
            key: Some("k\u{e9}y".into()),
            expires_at: Some(Timestamp::from_millis(-2)),
            sequence: u64::MAX,
        }
    }

    fn change(kind: ChangeKind) -> Change {
        Change {
            sequence: 7,
            timestamp: Timestamp::from_millis(1),
            number: CollectiveNumber(2),
            collective_id: CollectiveId::from_bytes([3; 16]),
            kind,
        }
    }

    /// A reader of one kind of row: whether it takes these bytes.
    type Accepts = fn(&[u8]) -> bool;

    const ID: ExperienceId = ExperienceId::from_bytes([7; 16]);

    const EXPERIENCE: Accepts = |bytes| read_experience(ID, bytes).is_some();
    const CHANGE: Accepts = |bytes| read_change(7, bytes).is_some();
    const ACTIVITY: Accepts = |bytes| ActivityRow::read(bytes).is_some();
    const COLLECTIVE: Accepts = |bytes| CollectiveRow::read(bytes).is_some();
    const COUNTER: Accepts = |bytes| CounterRow::read(bytes).is_some();
    const SLOT: Accepts = |bytes| SlotRow::read(bytes).is_some();
    const SLOT_VALUE: Accepts = |bytes| read_slot_value(bytes).is_some();
    const RECLAIM: Accepts = |bytes| ReclaimRow::read(bytes).is_some();
    const RELATION: Accepts = |bytes| RelationRow::read(RelationId::from_bytes([7; 16]), bytes).is_some();
    const INSIGHT: Accepts = |bytes| read_insight(InsightId::from_bytes([7; 16]), bytes).is_some();
    const VECTOR: Accepts = |bytes| read_vector(bytes).flatten().is_some();
    const PROGRESS: Accepts = |bytes| ProgressRow::read(bytes).is_some();
    const FORMAT: Accepts = |bytes| FormatRow::read(bytes).is_some();
    const EMBEDDING: Accepts = |bytes| EmbeddingRow::read(bytes).is_some();
    const NUMBER: Accepts = |bytes| meta::read_number(bytes).is_some();

    /// One or more rows of each kind, as they are written, each with the reader that must take it.
    fn rows() -> Vec<(Accepts, Vec<u8>)> {
        let mut rows = Vec::new();
        let mut add = |reader: Accepts, write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            rows.push((reader, out));
        };
        for experience_type in experience_types() {
            let place = Place { number: CollectiveNumber(1), slot: Slot(2) };
            let experience = experience(experience_type);
            add(EXPERIENCE, &|out| write_experience(place, &experience, out));
        }
        let bare = Experience {
            source_task: None,
            key: None,
            expires_at: None,
            ..experience(ExperienceType::default())
        };
        let place = Place { number: CollectiveNumber(1), slot: Slot(2) };
        add(EXPERIENCE, &|out| write_experience(place, &bare, out));
        for kind in change_kinds() {
            add(CHANGE, &|out| write_change(&change(kind.clone()), 9, out));
        }
        for owner in [None, Some("owner".to_owned())] {
            let row = CollectiveRow {
                number: CollectiveNumber(1),
                created_at: Timestamp::from_millis(1),
                updated_at: Timestamp::from_millis(2),
                name: "name".into(),
                owner,
            };
            add(COLLECTIVE, &|out| row.write(out));
        }
        for text in [None, Some("text".to_owned())] {
            let row = ActivityRow {
                started_at: Timestamp::from_millis(1),
                last_heartbeat: Timestamp::from_millis(-1),
                current_task: text.clone(),
                context_summary: text,
            };
            add(ACTIVITY, &|out| row.write(out));
        }
        let slot = SlotRow {
            id: ID,
            timestamp: Timestamp::from_millis(1),
            importance: 0.5,
            confidence: 0.5,
            words: 3,
            type_tag: 8,
            archived: true,
            superseded: true,
        };
        add(SLOT, &|out| slot.write(out));
        add(SLOT_VALUE, &|out| out.u32(5));
        add(COUNTER, &|out| {
            CounterRow {
                experiences: 1,
                bytes: 2,
                vector_bytes: 7,
                words: 4,
                next_slot: 3,
                tail_rows: 5,
                activities: 6,
            }
            .write(out);
        });
        let reclaim = ReclaimRow {
            collective_id: CollectiveId::from_bytes([3; 16]),
            deleted_at: Timestamp::from_millis(-1),
            transaction: 9,
            next_sequence: 10,
            end_sequence: 12,
        };
        add(RECLAIM, &|out| reclaim.write(out));
        for (relation_type, metadata) in RelationType::ALL.into_iter().zip([None, Some("m".to_owned())]) {
            let row = RelationRow {
                number: CollectiveNumber(1),
                collective_id: CollectiveId::from_bytes([3; 16]),
                relation: ExperienceRelation {
                    id: RelationId::from_bytes([7; 16]),
                    source_id: ID,
                    target_id: ExperienceId::from_bytes([8; 16]),
                    relation_type,
                    strength: 0.5,
                    metadata,
                    created_at: Timestamp::from_millis(3),
                },
            };
            add(RELATION, &|out| row.write(out));
        }
        for insight_type in InsightType::ALL {
            let place = Place { number: CollectiveNumber(1).of_insights(), slot: Slot(2) };
            let insight = DerivedInsight {
                id: InsightId::from_bytes([7; 16]),
                collective_id: CollectiveId::from_bytes([3; 16]),
                content: "content".into(),
                embedding: Vec::new(),
                source_experience_ids: vec![ID, ID],
                missing_sources: Vec::new(),
                insight_type,
                confidence: 0.5,
                domain: vec!["a".into()],
                created_at: Timestamp::from_millis(3),
            };
            add(INSIGHT, &|out| write_insight(place, &insight, out));
        }
        let vector = StoredVector { components: vec![1.0, -0.0, f32::INFINITY], norm_bits: 7 };
        add(VECTOR, &|out| write_vector(Some(&vector), out));
        add(PROGRESS, &|out| ProgressRow { next_slot: 1, rows: 2, bytes: 3 }.write(out));
        add(FORMAT, &|out| FormatRow::CURRENT.write(out));
        let identity = ProviderIdentity { provider: "p".into(), model_digest: "m".into(), dimension: 3 };
        let embedding = EmbeddingRow { generation: Generation(9), identity };
        add(EMBEDDING, &|out| embedding.write(out));
        add(NUMBER, &|out| out.u64(u64::MAX));
        rows
    }

    /// Everything that a row of the log can be about.
    fn change_kinds() -> Vec<ChangeKind> {
        let actions = [
            Action::Created,
            Action::Updated,
            Action::Reinforced,
            Action::Archived,
            Action::Unarchived,
            Action::Deleted,
        ];
        let about_experience = |action| {
            ChangeKind::Experience(ExperienceChange {
                id: ID,
                action,
                slot: Slot(5),
                previous: Slot(4),
                type_tag: 8,
                importance: 0.5,
                domain: vec!["d".into()],
            })
        };
        let collectives =
            [ChangeKind::CollectiveCreated, ChangeKind::CollectiveDeleted, ChangeKind::CollectiveRenamed];
        let relations = [false, true]
            .map(|is_deleted| ChangeKind::Relation { id: RelationId::from_bytes([7; 16]), is_deleted });
        let insights = [false, true]
            .map(|is_deleted| ChangeKind::Insight { id: InsightId::from_bytes([7; 16]), is_deleted });
        let others = collectives.into_iter().chain(relations).chain(insights);
        actions.map(about_experience).into_iter().chain(others).collect()
    }

    #[test]
    fn every_row_is_taken_by_its_own_reader_and_has_one_form() {
        for (at, (accepts, row)) in rows().iter().enumerate() {
            assert!(accepts(row), "row {at} is not taken by its reader: {row:?}");
            read(row);
        }
    }

    #[test]
    fn row_without_its_last_byte_or_with_one_more_is_refused_by_its_own_reader() {
        for (at, (accepts, row)) in rows().iter().enumerate() {
            assert!(!accepts(&row[..row.len() - 1]), "row {at} is taken when it is cut");
            assert!(!accepts(&[row.as_slice(), &[0]].concat()), "row {at} is taken with a byte behind it");
        }
    }

    #[test]
    fn row_cut_lengthened_or_flipped_anywhere_is_refused_or_has_one_form() {
        for (_, row) in rows() {
            for length in 0..row.len() {
                read(&row[..length]);
            }
            read(&[row.as_slice(), &[0]].concat());
            for bit in 0..row.len() * 8 {
                let mut flipped = row.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                read(&flipped);
            }
        }
    }
}
