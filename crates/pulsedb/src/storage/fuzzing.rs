//! Every reader of stored bytes in one place, for the fuzz targets and for the tests below.
//!
//! The readers are private. This module exists only under `cfg(fuzzing)`, which cargo-fuzz sets, and in tests.

use std::path::Path;

use crate::config::SyncMode;
use crate::id::{AgentId, ExperienceId, InsightId, RelationId};
use crate::model::change::Slot;
use crate::storage::env;
use crate::storage::env::{EnvOptions, Environment};
use crate::storage::format::activity::ActivityRow;
use crate::storage::format::block_state::{BlockState, read_dropped, write_dropped};
use crate::storage::format::change::{read_change, write_change};
use crate::storage::format::collective::{CollectiveRow, CounterRow};
use crate::storage::format::columns::{Columns, write_columns};
use crate::storage::format::experience::{Place, read_experience, write_experience};
use crate::storage::format::insight::{read_insight, write_insight};
use crate::storage::format::keys::{self, Prefix};
use crate::storage::format::meta::{self, FormatRow};
use crate::storage::format::piece::{PieceRow, write_piece_row};
use crate::storage::format::reclaim::ReclaimRow;
use crate::storage::format::relation::{Link, RelationRow};
use crate::storage::format::seal;
use crate::storage::format::series::SeriesRow;
use crate::storage::format::slot::{SlotRow, read_slot_value};
use crate::storage::format::tables::{NAMES, Table};
use crate::storage::format::vector::{read_vector, write_vector};
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
    same(bytes, "vector", read_vector(bytes), |vector, out| write_vector(vector, out));
    same(bytes, "piece", PieceRow::read(bytes), |row, out| {
        let pieces: Vec<u32> = row.pieces().map(u32::from).collect();
        out.put(&write_piece_row(row.agent, row.task, row.asks, &pieces));
    });
    same(bytes, "series", SeriesRow::read(bytes), SeriesRow::write);
    same(bytes, "block state", BlockState::read(bytes), BlockState::write);
    for rows in [[1, 64, 65], [0, 3, 200]] {
        let dropped = read_dropped(bytes, rows.into_iter());
        same(bytes, "left out rows", dropped, |dropped, out| write_dropped(dropped, out));
    }
    same_columns(bytes);
    same(bytes, "slot value", read_slot_value(bytes), |slot, out| out.u32(slot.0));
}

/// Columns are not decoded, so that each byte of a flag but its lowest bit is passed over.
fn same_columns(bytes: &[u8]) {
    let Some(columns) = Columns::read(bytes) else { return };
    let rows: Vec<(Slot, SlotRow)> =
        (0..columns.rows()).map(|row| (columns.slot(row), columns.slot_row(row))).collect();
    let _ = rows.first().map(|(slot, _)| columns.row_of(*slot));
    let (values, flags) = bytes.split_at(bytes.len() - rows.len());
    let mut out = Vec::new();
    write_columns(&rows, &mut out);
    let lowest: Vec<u8> = flags.iter().map(|flags| flags & 1).collect();
    assert_eq!(out, [values, &lowest].concat(), "columns are written in another way than they were read");
}

fn read_meta(bytes: &[u8]) {
    same(bytes, "format", FormatRow::read(bytes), |row, out| {
        // A refusal is an answer.
        let _ = row.admit();
        row.write(out);
    });
    same(bytes, "embedding", meta::read_identity(bytes), meta::write_identity);
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
    use crate::model::change::{Action, Change, ChangeKind, CollectiveNumber, ExperienceChange};
    use crate::model::{
        DerivedInsight, Experience, ExperienceRelation, ExperienceType, InsightType, ProviderIdentity,
        RelationType, Severity,
    };
    use crate::storage::format::block_state;
    use crate::storage::format::series::{BlockEntry, BlockNumber, MergeRow};

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
    const SERIES: Accepts = |bytes| SeriesRow::read(bytes).is_some();
    const BLOCK_STATE: Accepts = |bytes| BlockState::read(bytes).is_some();
    const COLUMNS: Accepts = |bytes| Columns::read(bytes).is_some();
    const DROPPED: Accepts = |bytes| read_dropped(bytes, [1, 64, 65].into_iter()).is_some();
    const RECLAIM: Accepts = |bytes| ReclaimRow::read(bytes).is_some();
    const RELATION: Accepts = |bytes| RelationRow::read(RelationId::from_bytes([7; 16]), bytes).is_some();
    const INSIGHT: Accepts = |bytes| read_insight(InsightId::from_bytes([7; 16]), bytes).is_some();
    const VECTOR: Accepts = |bytes| read_vector(bytes).is_some();
    const FORMAT: Accepts = |bytes| FormatRow::read(bytes).is_some();
    const IDENTITY: Accepts = |bytes| meta::read_identity(bytes).is_some();
    const NUMBER: Accepts = |bytes| meta::read_number(bytes).is_some();

    /// Rows as they are written, each with the reader that must take it.
    #[derive(Default)]
    struct Rows(Vec<(Accepts, Vec<u8>)>);

    impl Rows {
        fn add(&mut self, reader: Accepts, write: &dyn Fn(&mut Vec<u8>)) {
            let mut out = Vec::new();
            write(&mut out);
            self.0.push((reader, out));
        }
    }

    /// One or more rows of each kind.
    fn rows() -> Vec<(Accepts, Vec<u8>)> {
        let mut rows = Rows::default();
        add_records(&mut rows);
        add_collectives(&mut rows);
        add_counted(&mut rows);
        add_related(&mut rows);
        add_meta(&mut rows);
        rows.0
    }

    fn add_records(rows: &mut Rows) {
        for experience_type in experience_types() {
            let place = Place { number: CollectiveNumber(1), slot: Slot(2), has_vector: true };
            let experience = experience(experience_type);
            rows.add(EXPERIENCE, &|out| write_experience(place, &experience, out));
        }
        let bare = Experience {
            source_task: None,
            key: None,
            expires_at: None,
            ..experience(ExperienceType::default())
        };
        let place = Place { number: CollectiveNumber(1), slot: Slot(2), has_vector: false };
        rows.add(EXPERIENCE, &|out| write_experience(place, &bare, out));
        for kind in change_kinds() {
            rows.add(CHANGE, &|out| write_change(&change(kind.clone()), 9, out));
        }
    }

    fn add_collectives(rows: &mut Rows) {
        for owner in [None, Some("owner".to_owned())] {
            let row = CollectiveRow {
                number: CollectiveNumber(1),
                dimension: 384,
                created_at: Timestamp::from_millis(1),
                updated_at: Timestamp::from_millis(2),
                name: "name".into(),
                owner,
            };
            rows.add(COLLECTIVE, &|out| row.write(out));
        }
        for text in [None, Some("text".to_owned())] {
            let row = ActivityRow {
                started_at: Timestamp::from_millis(1),
                last_heartbeat: Timestamp::from_millis(-1),
                current_task: text.clone(),
                context_summary: text,
            };
            rows.add(ACTIVITY, &|out| row.write(out));
        }
    }

    fn add_counted(rows: &mut Rows) {
        let slot = SlotRow {
            id: ID,
            timestamp: Timestamp::from_millis(1),
            norm_bits: 1,
            importance: 0.5,
            confidence: 0.5,
            words: 3,
            type_tag: 8,
            archived: true,
            superseded: true,
            has_vector: false,
        };
        rows.add(SLOT, &|out| slot.write(out));
        add_index_rows(rows, slot);
        rows.add(SLOT_VALUE, &|out| out.u32(5));
        rows.add(COUNTER, &|out| {
            CounterRow { experiences: 1, bytes: 2, words: 4, next_slot: 3, tail_rows: 5, activities: 6 }
                .write(out);
        });
        let reclaim = ReclaimRow {
            collective_id: CollectiveId::from_bytes([3; 16]),
            deleted_at: Timestamp::from_millis(-1),
            transaction: 9,
            next_sequence: 10,
            end_sequence: 12,
        };
        rows.add(RECLAIM, &|out| reclaim.write(out));
    }

    fn add_related(rows: &mut Rows) {
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
            rows.add(RELATION, &|out| row.write(out));
        }
        for insight_type in InsightType::ALL {
            let place = Place { number: CollectiveNumber(1).of_insights(), slot: Slot(2), has_vector: true };
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
            rows.add(INSIGHT, &|out| write_insight(place, &insight, out));
        }
    }

    fn add_meta(rows: &mut Rows) {
        rows.add(VECTOR, &|out| write_vector(&[1.0, -0.0, f32::INFINITY], out));
        rows.add(FORMAT, &|out| FormatRow::CURRENT.write(out));
        let identity = ProviderIdentity { provider: "p".into(), model_digest: "m".into(), dimension: 3 };
        rows.add(IDENTITY, &|out| meta::write_identity(&identity, out));
        rows.add(NUMBER, &|out| out.u64(u64::MAX));
    }

    /// Values of the index that the store makes itself.
    fn add_index_rows(rows: &mut Rows, slot: SlotRow) {
        let block = |number: u64, first: u32| BlockEntry {
            number: BlockNumber(number),
            rows: 70,
            dead: 3,
            first: Slot(first),
            last: Slot(first + 99),
        };
        let merge = MergeRow {
            target: BlockNumber(9),
            first_source: BlockNumber(4),
            sources: 1,
            step: 2,
            next_term: b"term".to_vec(),
        };
        for merge in [None, Some(merge)] {
            let blocks = vec![block(3, 0), block(4, 100)];
            let row = SeriesRow { blocks, tail_from: 200, damaged: merge.is_none(), merge };
            rows.add(SERIES, &|out| row.write(out));
        }
        let mut state = BlockState::new(70);
        block_state::set(&mut state.dead, 69, true);
        rows.add(BLOCK_STATE, &|out| state.write(out));
        rows.add(DROPPED, &|out| write_dropped(&[vec![1], vec![u64::MAX], vec![0, 1]], out));
        let columns = [(Slot(3), slot), (Slot(7), SlotRow { archived: false, ..slot })];
        rows.add(COLUMNS, &|out| write_columns(&columns, out));
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
