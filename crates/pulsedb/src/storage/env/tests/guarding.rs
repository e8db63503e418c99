//! Files that are cut, damaged or foreign: a typed error before the file is mapped, or an open database.

use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::error::{PulseDBError, StorageError};
use crate::storage::env::lmdb::fault::FileFault;
use crate::storage::env::lmdb::salvage::Salvage;
use crate::storage::env::lock_exclusive;

/// A database of some commits, its bytes, and where its last page ends.
fn sample(path: &Path) -> (Vec<u8>, usize) {
    let environment = open(path).unwrap();
    for number in 0..40_u32 {
        put(&environment, &number.to_be_bytes(), &[number as u8; 700]);
    }
    let end = (environment.engine().unwrap().last_page() + 1) * environment.page_size().unwrap();
    drop(environment);
    (fs::read(path.join("data.mdb")).unwrap(), end as usize)
}

fn is_typed(error: &PulseDBError) -> bool {
    matches!(error, PulseDBError::Storage(StorageError::Corrupted { .. } | StorageError::Unsupported { .. }))
}

/// Opens the bytes as a database and reads them all.
fn open_bytes(path: &Path, bytes: &[u8]) -> Result<usize> {
    fs::write(path.join("data.mdb"), bytes).unwrap();
    let environment = Environment::open(&read_only(path), TABLES)?;
    let txn = environment.read()?;
    let rows = environment.table(0).iter(&txn).and_then(Iterator::collect::<heed::Result<Vec<_>>>);
    rows.map(|rows| rows.len()).map_err(|error| crate::storage::env::engine_error("reading", error))
}

fn is_cut(error: &PulseDBError) -> bool {
    matches!(error, PulseDBError::Storage(StorageError::Corrupted { table: "file", key }) if key.contains("truncated"))
}

#[test]
fn file_cut_anywhere_is_refused() {
    let home = home_in_memory();
    let (bytes, end) = sample(home.path());
    assert!(bytes.len() > end, "room is set aside behind the last page");
    let mut lengths: Vec<usize> =
        (4096..bytes.len()).step_by(16 * 4096).chain((4096..end).step_by(4096)).collect();
    lengths.extend([1, 15, 16, 151, 152, 4095, 4097, 4096 + 151, 4096 + 152, 8191, 8193, end - 1, end + 1]);
    lengths.push(bytes.len() - 1);
    for length in lengths {
        let error = open_bytes(home.path(), &bytes[..length]).unwrap_err();
        assert!(is_cut(&error), "{length} of {end} bytes: {error}");
        assert!(is_cut(&open(home.path()).unwrap_err()));
    }
    assert_eq!(open_bytes(home.path(), &bytes).unwrap(), 40);
}

#[test]
fn without_the_lock_file_a_cut_is_refused_where_something_is_lost() {
    let home = home_in_memory();
    let (bytes, end) = sample(home.path());
    fs::remove_file(home.path().join("lock")).unwrap();
    let (mut refused, mut opened) = (0, 0);
    for length in (4096..=end).step_by(4096) {
        match open_bytes(home.path(), &bytes[..length]) {
            Ok(rows) => {
                opened += 1;
                assert_eq!(rows, 40, "{length} of {end} bytes");
            }
            Err(error) => {
                refused += 1;
                assert!(is_cut(&error), "{length} of {end} bytes: {error}");
            }
        }
    }
    assert!(refused > 10 && opened > 0, "{refused} refused, {opened} opened");
    // A writer makes it long enough again.
    fs::write(home.path().join("data.mdb"), &bytes[..end]).unwrap();
    put(&open(home.path()).unwrap(), b"key", b"value");
    assert!(fs::metadata(home.path().join("data.mdb")).unwrap().len() > end as u64);
}

#[test]
fn restored_data_file_is_not_taken_for_a_cut_one() {
    let home = tempfile::tempdir().unwrap();
    let environment = open(&home.path().join("from")).unwrap();
    put(&environment, b"key", b"value");
    environment.backup_to(&home.path().join("to")).unwrap();
    put(&environment, b"key", b"other");
    drop(environment);
    fs::copy(home.path().join("to/data.mdb"), home.path().join("from/data.mdb")).unwrap();
    let environment = open(&home.path().join("from")).unwrap();
    assert_eq!(get(&environment, b"key").unwrap(), b"value");
}

#[test]
fn file_without_a_byte_is_a_database_to_be_made() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("data.mdb"), b"").unwrap();
    let error = Environment::open(&read_only(home.path()), TABLES).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::DatabaseNotFound { .. })), "{error}");
    assert!(open(home.path()).unwrap().was_created());
}

#[test]
fn flipped_bit_in_a_meta_page_is_refused_or_harmless() {
    let home = home_in_memory();
    let (bytes, end) = sample(home.path());
    fs::remove_file(home.path().join("lock")).unwrap();
    let header = state::read(&fs::File::open(home.path().join("data.mdb")).unwrap(), home.path()).unwrap();
    let newest = header.unwrap().txn_id % 2;
    for slot in 0..2 {
        let (mut refused, mut opened) = (0, 0);
        for place in slot * 4096..slot * 4096 + 152 {
            for bit in 0..8 {
                let mut damaged = bytes[..end].to_vec();
                damaged[place] ^= 1 << bit;
                match open_bytes(home.path(), &damaged) {
                    // With its page the last commit may be gone; it added one row.
                    Ok(rows) => {
                        opened += 1;
                        assert!((39..=40).contains(&rows), "byte {place}, bit {bit}: {rows} rows");
                    }
                    Err(error) => {
                        refused += 1;
                        assert!(is_typed(&error), "byte {place}, bit {bit}: {error}");
                    }
                }
            }
        }
        // Nothing uses most of the older page, so that damage to it does no harm.
        let enough = if slot as u64 == newest { refused > 20 * opened } else { refused > 200 };
        assert!(enough, "page {slot}: {refused} refused, {opened} opened");
    }
}

#[test]
fn foreign_files_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let mut noise = 7_u64;
    let random: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 56) as u8
    })
    .take(100_000)
    .collect();
    let (zeroes, ones) = (vec![0; 10_000], vec![0xff; 70_000]);
    for bytes in [&b"text\n"[..], &zeroes, &ones, &random, &random[..8192]] {
        let error = open_bytes(home.path(), bytes).unwrap_err();
        assert!(is_typed(&error), "{error}");
        let writer = open(home.path()).unwrap_err();
        assert!(is_typed(&writer), "{writer}");
        assert_eq!(fs::read(home.path().join("data.mdb")).unwrap(), bytes);
    }
    fs::remove_file(home.path().join("data.mdb")).unwrap();
    fs::create_dir(home.path().join("data.mdb")).unwrap();
    assert!(is_typed(&open(home.path()).unwrap_err()));
}

#[test]
fn database_of_another_program_is_refused_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("other");
    fs::create_dir(&path).unwrap();
    drop(Environment::open(&options(&path), &["gamma"]).unwrap());
    let before = fs::read(path.join("data.mdb")).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::Unsupported { .. })), "{error}");
    assert_eq!(fs::read(path.join("data.mdb")).unwrap(), before);
}

#[test]
fn missing_table_is_made_for_a_writer_and_damage_for_a_reader() {
    let home = tempfile::tempdir().unwrap();
    drop(Environment::open(&options(home.path()), &["alpha"]).unwrap());
    let error = Environment::open(&read_only(home.path()), TABLES).unwrap_err();
    assert!(matches!(error, PulseDBError::Storage(StorageError::Corrupted { .. })), "{error}");
    assert!(!open(home.path()).unwrap().was_created());
    assert!(Environment::open(&read_only(home.path()), TABLES).is_ok());
}

#[test]
fn random_transactions_never_make_a_file_that_is_refused() {
    let home = home_in_memory();
    let name = home.path().join("data.mdb");
    let environment = open(home.path()).unwrap();
    let mut noise = 11_u64;
    let mut random = |below: u64| {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise % below
    };
    for round in 0..1500 {
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        for _ in 0..=random(12) {
            let table = environment.table(random(2) as usize);
            let key = random(3000).to_be_bytes();
            if random(3) == 0 {
                table.delete(guard.txn(), &key).unwrap();
            } else {
                let value = vec![1; random(9000) as usize];
                guard.reserve(value.len() + 24, Space::Growth).unwrap();
                table.put(guard.txn(), &key, &value).unwrap();
            }
        }
        if random(60) == 0 {
            environment.table(1).clear(guard.txn()).unwrap();
        }
        guard.commit().unwrap();
        drop(turn);
        let header = state::read(&fs::File::open(&name).unwrap(), &name).unwrap().unwrap();
        assert_eq!(header.txn_id, environment.last_txn_id().unwrap(), "round {round}");
        assert!(fs::metadata(&name).unwrap().len() >= header.bytes() + limits::RESERVE_BYTES / 2);
    }
}

/// What a salvage of the first table gives.
fn salvaged(path: &Path) -> (Salvage, BTreeMap<Vec<u8>, Vec<u8>>) {
    let mut rows = BTreeMap::new();
    let exclusive = lock_exclusive(path).unwrap();
    let found = exclusive.salvage(&mut |table, key, value| {
        if table == TABLES[0] {
            rows.insert(key.to_vec(), value.to_vec());
        }
        Ok(())
    });
    (found.unwrap(), rows)
}

#[test]
fn salvage_gives_every_row_of_a_whole_file() {
    let home = home_in_memory();
    let environment = open(home.path()).unwrap();
    let mut expected = BTreeMap::new();
    for batch in 0..20_usize {
        let mut turn = environment.turn().unwrap();
        let mut guard = turn.begin().unwrap();
        for row in 0..30_usize {
            let (key, value) = ((batch * 30 + row).to_be_bytes(), vec![row as u8; batch * row * 40]);
            environment.table(0).put(guard.txn(), &key, &value).unwrap();
            expected.insert(key.to_vec(), value);
        }
        guard.commit().unwrap();
        drop(turn);
    }
    drop(environment);
    let (found, rows) = salvaged(home.path());
    assert_eq!(found, Salvage { rows: 600, losses: 0 });
    assert_eq!(rows, expected);
}

#[test]
fn salvage_of_a_damaged_file_gives_what_is_left() {
    let home = home_in_memory();
    let (bytes, end) = sample(home.path());
    let (mut salvaged_after_refusal, mut all_lost) = (0, 0);
    // Page by page, and the newest meta page too.
    for page in 1..end / 4096 {
        let mut damaged = bytes.clone();
        damaged[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(home.path().join("data.mdb"), &damaged).unwrap();
        let (found, rows) = salvaged(home.path());
        assert!(rows.len() >= 30 || found.losses > 0, "page {page}: {found:?}");
        all_lost += u32::from(rows.is_empty());
        assert!(rows.values().all(|value| value.len() == 700), "page {page}");
        salvaged_after_refusal += u32::from(open(home.path()).is_err());
    }
    assert!(salvaged_after_refusal > 5, "{salvaged_after_refusal}");
    assert!(all_lost <= 1, "only the root of the table leads to all its rows");
    fs::write(home.path().join("data.mdb"), &bytes[..4096]).unwrap();
    let exclusive = lock_exclusive(home.path()).unwrap();
    assert!(exclusive.salvage(&mut |_, _, _| Ok(())).is_err());
}

#[test]
fn file_that_others_write_all_the_time_is_not_called_damaged() {
    let home = home_in_memory();
    let environment = open(home.path()).unwrap();
    put(&environment, b"key", b"value");
    let name = home.path().join("data.mdb");
    let file = fs::File::open(&name).unwrap();
    let damaged = || Err(FileFault::Damaged("pages of two commits".to_owned()));
    let busy = state::read_checked(&file, &name, |_| {
        put(&environment, b"key", b"value");
        damaged()
    });
    assert!(busy.unwrap().is_some());
    assert!(is_typed(&state::read_checked(&file, &name, |_| damaged()).unwrap_err()));
    // The file never shrinks while it is open, so this is proven also while others write.
    let cut = state::read_checked(&file, &name, |_| {
        put(&environment, b"key", b"value");
        Err(FileFault::Truncated)
    });
    assert!(is_cut(&cut.unwrap_err()));
}
