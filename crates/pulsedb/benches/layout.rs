//! Why vectors are keyed by (collective, slot): that layout beside one global row number.
//!
//! `cargo bench -p pulsedb --bench layout`. Eight collectives are written in turns, as several agents write, once in
//! each layout. Measured are an exact scan of one collective, the pages that the rows take, and the deletion of one
//! collective in the steps in which the library reclaims.
#![allow(unsafe_code)] // LMDB maps a file: opening it is unsafe by its interface.

use std::hint::black_box;
use std::ops::Bound;
use std::time::Instant;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions, PutFlags, WithoutTls};

const COLLECTIVES: usize = 8;
/// Rows of each collective.
const ROWS: usize = 10_000;
const DIMENSION: usize = 384;
/// The seal before each stored value.
const SEAL_BYTES: usize = 8;
/// Rows of one commit, all of one collective: the next commit is the next collective's.
const COMMIT_ROWS: usize = 10;
/// Rows that one transaction deletes.
const DELETE_ROWS: usize = 500;
const SCANS: usize = 25;
const DELETIONS: usize = 3;

type Table = Database<'static, Bytes, Bytes>;

/// A way to make the key of a row from its collective, its slot and its place in the order of writing.
#[derive(Clone, Copy, PartialEq)]
enum Layout {
    CollectiveAndSlot,
    /// The same with an empty row behind the collective's last one while a transaction writes, as the library does.
    Fenced,
    GlobalRow,
}

impl Layout {
    fn key(self, collective: usize, slot: usize) -> [u8; 8] {
        let number = match self {
            Self::CollectiveAndSlot | Self::Fenced => (collective as u64) << 32 | slot as u64,
            Self::GlobalRow => row_number(collective, slot),
        };
        number.to_be_bytes()
    }
}

/// The place of a row in the order of writing: commits go round the collectives.
fn row_number(collective: usize, slot: usize) -> u64 {
    let round = slot / COMMIT_ROWS * COLLECTIVES + collective;
    (round * COMMIT_ROWS + slot % COMMIT_ROWS) as u64
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    println!(
        "| layout | scan of one collective | file, MiB | deletion of one collective |\n|---|---|---|---|"
    );
    let keyed = measure("(collective, slot), fenced", Layout::Fenced, walk);
    let plain = measure("(collective, slot)", Layout::CollectiveAndSlot, walk);
    let global = measure("global row number, walked", Layout::GlobalRow, walk_all);
    let looked_up = measure("global row number, looked up", Layout::GlobalRow, look_up);
    assert!(
        [plain, global, looked_up].iter().all(|sum| sum.to_bits() == keyed.to_bits()),
        "every way finds the same rows"
    );
}

/// Sums the dot products of one collective's rows in slot order.
type Scan = fn(&Env<WithoutTls>, Table, usize) -> f32;

fn measure(name: &str, layout: Layout, scan: Scan) -> f32 {
    let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory can be made");
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(8 << 30).max_dbs(1);
    // SAFETY: the directory is new and belongs to this process alone, which opens it once.
    let env = unsafe { options.open(root.path()) }.expect("a new environment opens");
    let table = fill(&env, layout);
    let pages = env.info().last_page_number + 1;
    let mut sum = 0.0;
    let mut times = Vec::new();
    for _ in 0..SCANS {
        let start = Instant::now();
        sum = black_box(scan(&env, table, 3));
        times.push(start.elapsed().as_secs_f64());
    }
    let deletions = (0..DELETIONS).map(|collective| delete(&env, table, layout, collective)).collect();
    println!(
        "| {name} | {:.2} ms | {} | {:.0} ms |",
        median(times) * 1e3,
        (pages * 4096) >> 20,
        median(deletions) * 1e3
    );
    sum
}

fn fill(env: &Env<WithoutTls>, layout: Layout) -> Table {
    let txn = env.write_txn().expect("a write transaction begins");
    let table = env
        .create_databases_and_commit(txn, |opener, txn| {
            opener.create_database::<Bytes, Bytes>(txn, Some("vector")).map(CommitOrAbort::<_, ()>::Commit)
        })
        .expect("a table can be made")
        .commit()
        .expect("the closure commits");
    for commit in 0..ROWS / COMMIT_ROWS {
        for collective in 0..COLLECTIVES {
            let mut txn = env.write_txn().expect("a write transaction begins");
            let fence = layout.key(collective, u32::MAX as usize);
            if layout == Layout::Fenced {
                table.put(&mut txn, &fence, &[]).expect("a row can be put");
            }
            for slot in commit * COMMIT_ROWS..(commit + 1) * COMMIT_ROWS {
                let flags =
                    if layout == Layout::GlobalRow { PutFlags::APPEND } else { PutFlags::NO_OVERWRITE };
                let (key, value) = (layout.key(collective, slot), value(collective, slot));
                table.put_with_flags(&mut txn, flags, &key, &value).expect("a row can be put");
            }
            if layout == Layout::Fenced {
                table.delete(&mut txn, &fence).expect("a row can be deleted");
            }
            txn.commit().expect("the transaction commits");
        }
    }
    table
}

/// A stored vector; what is in it does not matter, as long as rows differ.
fn value(collective: usize, slot: usize) -> Vec<u8> {
    let mut value = vec![0; SEAL_BYTES];
    for component in 0..DIMENSION {
        let component = ((collective * 31 + slot * 7 + component * 13) % 101) as f32 / 101.0 - 0.5;
        value.extend_from_slice(&component.to_le_bytes());
    }
    value
}

/// The rows of the collective stand together.
fn walk(env: &Env<WithoutTls>, table: Table, collective: usize) -> f32 {
    let txn = env.read_txn().expect("a snapshot can be taken");
    let from = Layout::CollectiveAndSlot.key(collective, 0);
    let to = Layout::CollectiveAndSlot.key(collective + 1, 0);
    let range = (Bound::Included(from.as_slice()), Bound::Excluded(to.as_slice()));
    let rows = table.range(&txn, &range).expect("a range can be read");
    rows.map(|row| dot(row.expect("a row can be read").1)).sum()
}

/// All rows are walked over and those of the collective are taken.
fn walk_all(env: &Env<WithoutTls>, table: Table, collective: usize) -> f32 {
    let txn = env.read_txn().expect("a snapshot can be taken");
    let mut wanted = (0..ROWS).map(|slot| Layout::GlobalRow.key(collective, slot)).peekable();
    let rows = table.iter(&txn).expect("a table can be read").map(|row| row.expect("a row can be read"));
    rows.filter(|(key, _)| wanted.next_if(|wanted| wanted == key).is_some())
        .map(|(_, value)| dot(value))
        .sum()
}

/// Each row of the collective is looked up.
fn look_up(env: &Env<WithoutTls>, table: Table, collective: usize) -> f32 {
    let txn = env.read_txn().expect("a snapshot can be taken");
    let keys = (0..ROWS).map(|slot| Layout::GlobalRow.key(collective, slot));
    keys.map(|key| dot(table.get(&txn, &key).expect("a row can be read").expect("the row exists"))).sum()
}

/// The dot product with a constant query: the work that a scan does on each row.
fn dot(value: &[u8]) -> f32 {
    let (components, _) = value[SEAL_BYTES..].as_chunks::<4>();
    let mut lanes = [0.0_f32; 16];
    for block in components.chunks_exact(16) {
        for (lane, component) in lanes.iter_mut().zip(block) {
            *lane += f32::from_le_bytes(*component) * 0.25;
        }
    }
    lanes.iter().sum()
}

/// Deletes a collective in steps; seconds.
fn delete(env: &Env<WithoutTls>, table: Table, layout: Layout, collective: usize) -> f64 {
    let before = count(env, table);
    let start = Instant::now();
    for first in (0..ROWS).step_by(DELETE_ROWS) {
        let mut txn = env.write_txn().expect("a write transaction begins");
        for slot in first..first + DELETE_ROWS {
            assert!(table.delete(&mut txn, &layout.key(collective, slot)).expect("a row can be deleted"));
        }
        txn.commit().expect("the transaction commits");
    }
    let elapsed = start.elapsed().as_secs_f64();
    assert_eq!(before - count(env, table), ROWS as u64);
    elapsed
}

fn count(env: &Env<WithoutTls>, table: Table) -> u64 {
    let txn = env.read_txn().expect("a snapshot can be taken");
    table.len(&txn).expect("a table has a length")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
