//! Engrams that somebody made or changed: each lie is an error, and nothing is restored.

use std::fs;
use std::path::Path;

use embeddenator_fs::{Engram, ExtractOptions, IngestOptions, Owners, Source};
use pulsedb::{Config, EmbeddingDimension, PulseDB};
use pulsedb_engram::{Error, Result, SnapshotOptions, StoredSnapshot, snapshot};

use crate::samples::{Home, contents, filled, open};

/// The files of a snapshot in a directory.
fn extracted(home: &Home) {
    let (db, _) = filled(&home.at("one"));
    snapshot(&db, home.at("it.egm"), &SnapshotOptions::default()).unwrap();
    let engram = Engram::open(home.at("it.egm")).unwrap();
    let options = ExtractOptions { owners: Owners::Ignore, ..Default::default() };
    engram.extract(&engram.latest().unwrap(), home.at("tree"), &options, &()).unwrap();
}

/// What becomes of the files as they are now.
fn restored(home: &Home) -> Result<()> {
    let options = IngestOptions { overwrite: true, ..Default::default() };
    Engram::create(home.at("made.egm"), &[Source::contents_of(home.at("tree"))], &options, &()).unwrap();
    let into = home.at("into");
    let db = open(&into);
    let result =
        StoredSnapshot::open(home.at("made.egm"), None).and_then(|stored| stored.restore(&db)).map(drop);
    if result.is_err() {
        assert_eq!(db.list_collectives().unwrap(), []);
    }
    db.close().unwrap();
    fs::remove_dir_all(into).unwrap();
    result
}

/// The first file of a directory of the first collective that has one.
fn first_file(home: &Home, directory: &str) -> std::path::PathBuf {
    let collective = home.at("tree/collectives/proj%2Fect \u{e9}");
    let mut files: Vec<_> =
        fs::read_dir(collective.join(directory)).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    files.remove(0)
}

/// Tries the files with one of them changed, and puts that back.
fn with_changed(home: &Home, file: &Path, change: impl FnOnce(String) -> Vec<u8>) -> Error {
    let whole = fs::read(file).unwrap();
    fs::write(file, change(String::from_utf8_lossy(&whole).into_owned())).unwrap();
    let Err(refused) = restored(home) else { panic!("{} was restored", file.display()) };
    fs::write(file, whole).unwrap();
    refused
}

#[test]
fn hostile_front_matter_is_refused_with_its_line() {
    let home = Home::new();
    extracted(&home);
    restored(&home).unwrap();
    let file = first_file(&home, "experiences");
    let line_of = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        let refused = with_changed(&home, &file, |text| {
            assert!(text.contains(&from), "{text}");
            text.replacen(&from, &to, 1).into_bytes()
        });
        match refused {
            Error::Malformed { line, file: named, .. } => {
                assert!(file.to_string_lossy().ends_with(&named), "{named}");
                line
            }
            other => panic!("{other}"),
        }
    };
    assert_eq!(line_of("---\nid", "id"), 1);
    assert_eq!(line_of("agent: ", "agent:"), 4);
    assert_eq!(line_of("agent: \"alice\"", "agent: [[[[[[[["), 4);
    assert_eq!(line_of("agent", "nobody"), 0);
    assert_eq!(line_of("importance: ", "importance: 1e999999 "), 8 + 1);
    assert_eq!(line_of("\nconfidence", "\nunknown: 1\nconfidence"), 10);
    assert_eq!(line_of("applications: 0", "applications: -1"), 11);
    assert_eq!(line_of("applications: 0", "applications: 4294967296"), 11);
    assert_eq!(line_of("\"kind\":\"difficulty\"", "\"kind\":\"doubt\""), 3);
    assert_eq!(line_of("\ntimestamp: \"2", "\ntimestamp: \"99999999999"), 12);
    assert_eq!(line_of("\nagent: \"alice\"", "\nagent: \"alice\"\nagent: \"alice\""), 5);
    // The same id in a file of another name.
    assert_eq!(line_of("id: \"0", "id: \"f"), 0);
}

#[test]
fn what_the_database_refuses_leaves_nothing_behind() {
    let home = Home::new();
    extracted(&home);
    let database = |error: Error| matches!(error, Error::Database(_));
    let experience = first_file(&home, "experiences");
    let replaced = |file: &Path, from: &str, to: &str| {
        with_changed(&home, file, |text| {
            assert!(text.contains(from), "{text}");
            text.replacen(from, to, 1).into_bytes()
        })
    };
    assert!(database(replaced(&experience, "importance: ", "importance: 7")));
    assert!(database(replaced(&experience, "agent: \"alice\"", "agent: \"\"")));
    assert!(database(replaced(&first_file(&home, "relations"), "strength: ", "strength: 7")));
    assert!(database(replaced(&first_file(&home, "insights"), "confidence: 0.9", "confidence: -1")));
    // More than a content may have.
    assert!(database(
        with_changed(&home, &experience, |text| (text + &"x".repeat(200_000) + "\n").into_bytes())
    ));
    // More than any file with front matter has.
    let refused = with_changed(&home, &experience, |text| (text + &"x".repeat(5 << 20) + "\n").into_bytes());
    assert!(matches!(refused, Error::Malformed { .. }));
}

#[test]
fn files_and_vectors_that_no_snapshot_has_are_refused() {
    let home = Home::new();
    extracted(&home);
    let malformed = |error: Error| matches!(error, Error::Malformed { .. });
    assert!(malformed(with_changed(&home, &first_file(&home, "vectors"), |_| b"PDBVEC01".to_vec())));
    assert!(malformed(with_changed(&home, &home.at("tree/pulsedb.json"), |text| text
        .replace('1', "2")
        .into_bytes())));
    assert!(malformed(with_changed(&home, &home.at("tree/pulsedb.json"), |_| vec![b'['; 100_000])));
    for more in ["tree/more", "tree/collectives/empty/more", "tree/collectives/empty/experiences/x.md"] {
        fs::create_dir_all(home.at(more).parent().unwrap()).unwrap();
        fs::write(home.at(more), "x").unwrap();
        assert!(malformed(restored(&home).unwrap_err()), "{more}");
        fs::remove_file(home.at(more)).unwrap();
    }
    // A record that is gone leaves a vector behind.
    let file = first_file(&home, "experiences");
    fs::remove_file(&file).unwrap();
    assert!(malformed(restored(&home).unwrap_err()));
    // A link in the place of a file.
    std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
    assert!(malformed(restored(&home).unwrap_err()));
    fs::remove_file(home.at("tree/collectives/empty/collective.json")).unwrap();
    assert!(malformed(restored(&home).unwrap_err()));
    fs::remove_file(home.at("tree/pulsedb.json")).unwrap();
    assert!(matches!(restored(&home), Err(Error::NotASnapshot { .. })));
}

#[test]
fn other_engrams_and_databases_with_records_are_left_alone() {
    let home = Home::new();
    let (db, _) = filled(&home.at("one"));
    fs::create_dir(home.at("files")).unwrap();
    fs::write(home.at("files/note"), "a note").unwrap();
    Engram::create(
        home.at("files.egm"),
        &[Source::contents_of(home.at("files"))],
        &IngestOptions::default(),
        &(),
    )
    .unwrap();
    let before = fs::read(home.at("files.egm")).unwrap();
    let refused = snapshot(&db, home.at("files.egm"), &SnapshotOptions::default());
    assert!(matches!(refused, Err(Error::NotASnapshot { .. })));
    assert!(fs::read(home.at("files.egm")).unwrap() == before);

    snapshot(&db, home.at("it.egm"), &SnapshotOptions::default()).unwrap();
    let stored = StoredSnapshot::open(home.at("it.egm"), None).unwrap();
    let before = contents(&db);
    assert!(matches!(stored.restore(&db), Err(Error::NotEmpty { collectives: 2, .. })));
    assert_eq!(contents(&db), before);
    let wide = Config::with_external_embeddings(EmbeddingDimension::Custom(9));
    let wide = PulseDB::open(home.at("wide"), wide).unwrap();
    assert!(matches!(stored.restore(&wide), Err(Error::OtherEmbedder { .. })));
    // A damaged engram.
    let mut bytes = fs::read(home.at("it.egm")).unwrap();
    // Behind the two superblocks lies the first segment.
    bytes[8400..8600].fill(0xa5);
    fs::write(home.at("it.egm"), bytes).unwrap();
    let other = open(&home.at("other"));
    let refused = StoredSnapshot::open(home.at("it.egm"), None).and_then(|stored| stored.restore(&other));
    assert!(matches!(refused, Err(Error::Engram(_))), "{refused:?}");
    assert_eq!(other.list_collectives().unwrap(), []);
}
