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
use crate::storage::format::block_state::{
    BlockState, read_dropped, read_vectors, write_dropped, write_vectors,
};
use crate::storage::format::change::{read_change, write_change};
use crate::storage::format::collective::{CollectiveRow, CounterRow};
use crate::storage::format::columns::{Columns, write_columns};
use crate::storage::format::experience::{Place, read_experience, write_experience};
use crate::storage::format::insight::{read_insight, write_insight};
use crate::storage::format::keys::{self, Prefix};
use crate::storage::format::meta::{self, EmbeddingRow, FormatRow};
use crate::storage::format::piece::{PieceRow, write_piece_row};
use crate::storage::format::reclaim::ReclaimRow;
use crate::storage::format::relation::{Link, RelationRow};
use crate::storage::format::seal;
use crate::storage::format::series::{ProgressRow, SeriesRow};
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
    same_bitmaps(bytes);
    same(bytes, "slot value", read_slot_value(bytes), |slot, out| out.u32(slot.0));
}

fn same_columns(bytes: &[u8]) {
    same(bytes, "columns", Columns::read(bytes), |columns, out| {
        let rows: Vec<(Slot, SlotRow)> =
            (0..columns.rows()).map(|row| (columns.slot(row), columns.slot_row(row))).collect();
        let _ = rows.first().map(|(slot, _)| columns.row_of(*slot));
        write_columns(&rows, out);
    });
}

/// Of blocks of some sizes.
fn same_bitmaps(bytes: &[u8]) {
    for rows in [1, 64, 70] {
        same(bytes, "rows with vectors", read_vectors(bytes, rows), |bitmap, out| {
            let bits = (0..rows as usize).map(|row| bitmap[row / 64] >> (row % 64) & 1 == 1);
            out.put(&write_vectors(bits));
        });
    }
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
mod tests;
