//! Damages a golden database and uses it: damage is a typed error or repaired, never a panic or a wrong value.
#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use pulsedb::{
    CollectiveId, Config, EmbeddingDimension, Experience, ExperienceId, ExperienceUpdate, NewExperience,
    PulseDB, PulseDBError, SearchFilter, fuzzing,
};

/// The database as it was kept, 4 dimensions.
const GOLDEN: &[u8] = include_bytes!("../../crates/pulsedb/tests/golden/v2/external/data.mdb");
/// Damages of one run: more hide one another.
const DAMAGES_MAX: usize = 8;
/// Experiences that are changed in one run: a commit each, of which a few tell what many would.
const CHANGES: usize = 4;

#[derive(Debug, Arbitrary)]
struct Story {
    damages: Vec<Damage>,
    /// What stands in the lock file, which other processes have written.
    lock: Option<Vec<u8>>,
    read_only: bool,
}

#[derive(Debug, Arbitrary)]
enum Damage {
    /// A bit of a value, seal included.
    Flip { row: Row, at: u16, bit: u8 },
    /// The end of a value is lost.
    Cut { row: Row, length: u16 },
    /// A payload that is not what it should be, under a seal that fits: no disk does this, but another program may.
    Forge { row: Row, at: u16, bytes: Vec<u8> },
    /// A row is lost.
    Remove { row: Row },
    /// A bit of the two meta pages.
    Header { at: u16, bit: u8 },
    /// The end of the file is lost.
    Truncate { length: u32 },
}

#[derive(Debug, Clone, Copy, Arbitrary)]
struct Row {
    table: u8,
    number: u8,
}

fuzz_target!(|story: Story| {
    let directory = pulsedb_fuzz::directory();
    let path = directory.path();
    fs::write(path.join("data.mdb"), GOLDEN).expect("the golden copy is written");
    let damages: Vec<Damage> = story.damages.into_iter().take(DAMAGES_MAX).collect();
    change_rows(path, &damages);
    change_file(&path.join("data.mdb"), &damages);
    if let Some(lock) = &story.lock {
        fs::write(path.join("lock"), lock).expect("the lock file is written");
        // What stands in it may say anything but must not be believed without its checksum.
        let _ = PulseDB::writers(path);
    }
    // Only bits of values were lost: then an answer is right or there is none.
    let honest = damages.iter().all(|damage| matches!(damage, Damage::Flip { .. } | Damage::Cut { .. }));
    use_it(path, story.read_only, honest);
    repair(path);
});

/// What is in the golden database.
struct Known {
    collectives: Vec<CollectiveId>,
    experiences: BTreeMap<ExperienceId, Experience>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let directory = pulsedb_fuzz::directory();
    fs::write(directory.path().join("data.mdb"), GOLDEN).expect("the golden copy is written");
    let db = PulseDB::open(directory.path(), config(true)).expect("the golden copy opens");
    let collectives: Vec<_> = db.list_collectives().expect("a list").iter().map(|one| one.id).collect();
    let mut experiences = BTreeMap::new();
    for id in &collectives {
        let listed = db.list_experiences(*id, 1000, 0).expect("a list");
        experiences.extend(listed.into_iter().map(|one| (one.id, one)));
    }
    Known { collectives, experiences }
});

fn config(read_only: bool) -> Config {
    let config = Config::with_external_embeddings(EmbeddingDimension::Custom(4));
    Config { map_size_gb: 1, read_only, ..config }
}

/// Changes the rows that are damaged.
fn change_rows(path: &Path, damages: &[Damage]) {
    let (mut places, mut changes) = (Vec::new(), Vec::new());
    for damage in damages {
        if let Damage::Flip { row, .. }
        | Damage::Cut { row, .. }
        | Damage::Forge { row, .. }
        | Damage::Remove { row } = damage
        {
            let table = usize::from(row.table) % fuzzing::TABLES.len();
            places.push((table, usize::from(row.number)));
            changes.push((table, damage));
        }
    }
    fuzzing::change_rows(path, &places, |index, key, value| {
        let (table, damage) = changes[index];
        damaged(damage, table, key, value)
    });
}

/// The value after a damage; `None` if the row is lost.
fn damaged(damage: &Damage, table: usize, key: &[u8], mut value: Vec<u8>) -> Option<Vec<u8>> {
    match damage {
        Damage::Flip { at, bit, .. } => {
            let place = usize::from(*at) % value.len().max(1);
            if let Some(byte) = value.get_mut(place) {
                *byte ^= 1 << (bit % 8);
            }
        }
        Damage::Cut { length, .. } => value.truncate(usize::from(*length) % value.len().max(1)),
        Damage::Forge { at, bytes, .. } => {
            let mut payload = value.get(8..).unwrap_or_default().to_vec();
            let place = usize::from(*at) % (payload.len() + 1);
            payload.resize(payload.len().max(place + bytes.len()), 0);
            payload[place..place + bytes.len()].copy_from_slice(bytes);
            value = fuzzing::sealed(table, key, &payload);
        }
        Damage::Remove { .. } => return None,
        Damage::Header { .. } | Damage::Truncate { .. } => {}
    }
    Some(value)
}

/// Changes the file itself.
fn change_file(path: &Path, damages: &[Damage]) {
    let mut bytes = fs::read(path).expect("the file is read");
    for damage in damages {
        match damage {
            Damage::Header { at, bit } => {
                // Beyond the fields of both pages there is nothing.
                let place = usize::from(*at) % 512;
                let place = place % 256 + place / 256 * 4096;
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Damage::Truncate { length } => bytes.truncate(*length as usize % (bytes.len() + 1)),
            _ => {}
        }
    }
    fs::write(path, bytes).expect("the file is written");
}

/// Opens the database and asks and changes all of it.
fn use_it(path: &Path, read_only: bool, honest: bool) {
    let judge = |error: &PulseDBError| {
        assert!(!error.to_string().is_empty());
        assert!(!honest || error.is_storage(), "damage of a value is told as {error:?}");
    };
    let db = match PulseDB::open(path, config(read_only)) {
        Ok(db) => db,
        Err(error) => return judge(&error),
    };
    let known = &*KNOWN;
    for (id, expected) in &known.experiences {
        match db.get_experience(*id) {
            Ok(found) => assert!(!honest || found.as_ref() == Some(expected), "a wrong value: {found:?}"),
            Err(error) => judge(&error),
        }
        let _ = db.energy(*id);
    }
    let filter = SearchFilter { domains: Some(vec!["odd".into()]), ..Default::default() };
    for id in &known.collectives {
        for outcome in [
            db.list_experiences(*id, 1000, 0).map(drop),
            db.list_cold_experiences(*id, 2.0, 1000).map(drop),
            db.get_recent_experiences(*id, 1000).map(drop),
            db.get_recent_experiences_filtered(*id, 1000, filter.clone()).map(drop),
            db.search_similar(*id, &[1.0, 0.5, 0.25, 0.125], 1000).map(drop),
            db.search_similar_filtered(*id, &[1.0, 0.5, 0.25, 0.125], 1000, filter.clone()).map(drop),
            db.get_collective_stats(*id).map(drop),
            db.poll_changes(*id, 0).map(drop),
        ] {
            if let Err(error) = outcome {
                judge(&error);
            }
        }
    }
    let _ = db.stats();
    let _ = db.check();
    if !read_only {
        change(&db, known);
    }
    db.close().expect("close does not fail");
}

/// Changes may fail, each in its own way; none may panic.
fn change(db: &PulseDB, known: &Known) {
    for id in known.experiences.keys().take(CHANGES) {
        let _ = db.reinforce_experience(*id);
        let _ = db.archive_experience(*id);
        let _ = db.unarchive_experience(*id);
        let update = ExperienceUpdate { importance: Some(1.0), ..Default::default() };
        let _ = db.update_experience(*id, update);
    }
    for id in known.experiences.keys().skip(1).step_by(CHANGES) {
        let _ = db.delete_experience(*id);
    }
    let _ = db.get_or_create_collective("new");
    for id in &known.collectives {
        let _ = db.record_experience(NewExperience {
            collective_id: *id,
            content: "one more".into(),
            embedding: Some(vec![1.0; 4]),
            ..Default::default()
        });
    }
    if let Some(id) = known.collectives.first() {
        let _ = db.delete_collective(*id);
    }
}

/// What a repair has repaired is sound.
fn repair(path: &Path) {
    let Ok(_) = PulseDB::repair(path, config(false)) else { return };
    let db = match PulseDB::open(path, config(false)) {
        // Another name of the embedder under a seal that fits is not damage that anyone could see.
        Err(PulseDBError::EmbeddingProviderMismatch { .. }) => return,
        opened => opened.expect("a repaired database opens"),
    };
    let report = db.check().expect("a repaired database is checked");
    assert!(report.is_clean(), "not repaired: {report:?}");
}
