//! Tests: one or more rows of each kind are taken by their own readers, and by these in one form only.

use std::collections::BTreeMap;

use super::*;
use crate::clock::Timestamp;
use crate::id::{CollectiveId, TaskId};
use crate::model::change::{Action, Change, ChangeKind, CollectiveNumber, ExperienceChange};
use crate::model::{
    DerivedInsight, Experience, ExperienceRelation, ExperienceType, InsightType, ProviderIdentity,
    RelationType, Severity,
};
use crate::storage::format::series::{BlockEntry, BlockNumber, Generation, MergeRow};
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
const SERIES: Accepts = |bytes| SeriesRow::read(bytes).is_some();
const BLOCK_STATE: Accepts = |bytes| BlockState::read(bytes).is_some();
const COLUMNS: Accepts = |bytes| Columns::read(bytes).is_some();
const DROPPED: Accepts = |bytes| read_dropped(bytes, [1, 64, 65].into_iter()).is_some();
const VECTORS: Accepts = |bytes| read_vectors(bytes, 70).is_some();
const RECLAIM: Accepts = |bytes| ReclaimRow::read(bytes).is_some();
const RELATION: Accepts = |bytes| RelationRow::read(RelationId::from_bytes([7; 16]), bytes).is_some();
const INSIGHT: Accepts = |bytes| read_insight(InsightId::from_bytes([7; 16]), bytes).is_some();
const VECTOR: Accepts = |bytes| read_vector(bytes).flatten().is_some();
const PROGRESS: Accepts = |bytes| ProgressRow::read(bytes).is_some();
const FORMAT: Accepts = |bytes| FormatRow::read(bytes).is_some();
const EMBEDDING: Accepts = |bytes| EmbeddingRow::read(bytes).is_some();
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
        let place = Place { number: CollectiveNumber(1), slot: Slot(2) };
        let experience = experience(experience_type);
        rows.add(EXPERIENCE, &|out| write_experience(place, &experience, out));
    }
    let bare = Experience {
        source_task: None,
        key: None,
        expires_at: None,
        ..experience(ExperienceType::default())
    };
    let place = Place { number: CollectiveNumber(1), slot: Slot(2) };
    rows.add(EXPERIENCE, &|out| write_experience(place, &bare, out));
    for kind in change_kinds() {
        rows.add(CHANGE, &|out| write_change(&change(kind.clone()), 9, out));
    }
}

fn add_collectives(rows: &mut Rows) {
    for owner in [None, Some("owner".to_owned())] {
        let row = CollectiveRow {
            number: CollectiveNumber(1),
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
        importance: 0.5,
        confidence: 0.5,
        words: 3,
        type_tag: 8,
        archived: true,
        superseded: true,
    };
    rows.add(SLOT, &|out| slot.write(out));
    add_index_rows(rows, slot);
    rows.add(SLOT_VALUE, &|out| out.u32(5));
    rows.add(COUNTER, &|out| {
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
        rows.add(INSIGHT, &|out| write_insight(place, &insight, out));
    }
}

fn add_meta(rows: &mut Rows) {
    let vector = StoredVector { components: vec![1.0, -0.0, f32::INFINITY], norm_bits: 7 };
    rows.add(VECTOR, &|out| write_vector(Some(&vector), out));
    rows.add(PROGRESS, &|out| ProgressRow { next_slot: 1, rows: 2, bytes: 3 }.write(out));
    rows.add(FORMAT, &|out| FormatRow::CURRENT.write(out));
    let identity = ProviderIdentity { provider: "p".into(), model_digest: "m".into(), dimension: 3 };
    let embedding = EmbeddingRow { generation: Generation(9), identity };
    rows.add(EMBEDDING, &|out| embedding.write(out));
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
        rows: 67,
        step: 2,
        next_term: b"term".to_vec(),
    };
    for merge in [None, Some(merge)] {
        let blocks = vec![block(3, 0), block(4, 100)];
        let row = SeriesRow { blocks, tail_from: 200, damaged: merge.is_none(), merge };
        rows.add(SERIES, &|out| row.write(out));
    }
    let mut state = BlockState::new(70);
    state.set_dead(69, true);
    rows.add(BLOCK_STATE, &|out| state.write(out));
    rows.add(VECTORS, &|out| out.put(&write_vectors((0..70).map(|row| row % 3 == 0))));
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
