//! Fragments and words: found wherever they were cut out.

use std::fs;
use std::path::Path;

use embeddenator_fs::{
    CompactOptions, Engram, Index, IngestOptions, QueryOptions, QueryReport, Source, VerifyOptions,
};
use embeddenator_vsa::Random;
use tempfile::tempdir;

use crate::trees::{noise, text};

/// A tree of texts of several chunks, and of small ones.
fn tree(root: &Path) -> Vec<Vec<u8>> {
    fs::create_dir_all(root).expect("makes a directory");
    let lines = |file: u64| if file.is_multiple_of(3) { 9000 } else { 200 };
    let files: Vec<Vec<u8>> = (0..30).map(|file| text(file, lines(file))).collect();
    for (file, content) in files.iter().enumerate() {
        fs::write(root.join(format!("{file:02}")), content).expect("writes");
    }
    fs::write(root.join("small"), "a small text that stands in the manifest itself").expect("writes");
    files
}

fn create(root: &Path, path: &Path, index: Index) {
    let options =
        IngestOptions { index: Some(index), threads: 2, overwrite: true, ..IngestOptions::default() };
    Engram::create(path, &[Source::contents_of(root)], &options, &()).expect("takes in");
}

fn ask(path: &Path, fragment: &[u8]) -> QueryReport {
    let engram = Engram::open(path).expect("opens");
    engram.query(&engram.latest().expect("has one"), fragment, QueryOptions::default()).expect("looks")
}

#[test]
fn fragments_of_a_kilobyte_are_found_with_and_without_an_index() {
    let directory = tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    let files = tree(&root);
    let mut random = Random::new(5);
    for index in [Index::Fragment, Index::File] {
        create(&root, &path, index);
        for turn in 0..60 {
            let file = random.below(30) as usize;
            let content = &files[file];
            let start = random.below(content.len() as u64 - 1024) as usize;
            let mut fragment = content[start..start + 1024].to_vec();
            if turn % 2 == 1 {
                fragment.insert(random.below(1024) as usize, b'#');
            }
            let report = ask(&path, &fragment);
            let best = report.hits.first().expect("is found");
            assert_eq!(best.path.to_string(), format!("{file:02}"), "turn {turn}");
            assert!(best.score > 0.6 && best.score <= 1.0, "turn {turn}: {}", best.score);
            let offset = best.offset as usize;
            assert!((start..start + 1024).contains(&offset), "turn {turn}: {offset} of {start}");
            assert_eq!(report.scanned_bytes == 0, index == Index::Fragment);
        }
    }
    assert_eq!(ask(&path, b"stands in the manifest").hits[0].path.to_string(), "small");
    assert!(ask(&path, &noise(99, 2000)).hits.is_empty());
}

/// Every nth line is another one.
fn edited(content: &[u8], nth: usize) -> Vec<u8> {
    let lines = content.split_inclusive(|byte| *byte == b'\n').enumerate();
    let lines = lines.map(|(number, line)| {
        if number % nth == nth - 1 {
            format!("a line {number} that was not there\n").into_bytes()
        } else {
            line.to_vec()
        }
    });
    lines.flatten().collect()
}

#[test]
fn fragments_of_edited_copies_find_the_source_at_least_19_times_of_20() {
    let directory = tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    let files = tree(&root);
    create(&root, &path, Index::Fragment);
    let (mut random, mut found) = (Random::new(6), 0);
    for _ in 0..100 {
        let file = random.below(30) as usize;
        let copy = edited(&files[file], 12);
        let start = random.below(copy.len() as u64 - 1024) as usize;
        let report = ask(&path, &copy[start..start + 1024]);
        found +=
            u32::from(report.hits.first().is_some_and(|hit| hit.path.to_string() == format!("{file:02}")));
    }
    assert!(found >= 95, "{found} of 100");
}

#[test]
fn every_copy_and_edited_copy_is_a_hit_also_in_what_came_later() {
    let directory = tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    let files = tree(&root);
    create(&root, &path, Index::Fragment);
    let mut edited = files[3].clone();
    edited[100_000] ^= 1;
    fs::write(root.join("edited"), &edited).expect("writes");
    fs::write(root.join("copy"), &files[3]).expect("writes");
    Engram::modify(&path, &[Source::contents_of(&root)], &IngestOptions::default(), &()).expect("modifies");
    let report = ask(&path, &files[3][99_500..100_500]);
    let paths: Vec<String> = report.hits.iter().map(|hit| hit.path.to_string()).collect();
    assert_eq!(paths, ["03", "copy", "edited"]);
    assert!(report.hits[0].score > 0.999 && report.hits[2].score < 1.0);
    // What has an index of fragments keeps it unless another one is asked for.
    Engram::compact(&path, CompactOptions::default(), &()).expect("compacts");
    let compacted = ask(&path, &files[3][99_500..100_500]);
    assert_eq!((compacted.hits, compacted.scanned_bytes), (report.hits, 0));
    let engram = Engram::open(&path).expect("opens");
    assert!(engram.verify(VerifyOptions::default(), &()).expect("reads").is_sound());
    let info = engram.info().expect("reads");
    assert!(info.fingerprint_bytes > 0 && info.fingerprint_bytes * 25 < info.chunk_bytes, "{info:?}");
    let compact = CompactOptions { index: Some(Index::File), ..CompactOptions::default() };
    Engram::compact(&path, compact, &()).expect("compacts");
    assert_eq!(Engram::open(&path).expect("opens").info().expect("reads").fingerprint_bytes, 0);
}

#[test]
fn damaged_fingerprints_are_told_and_looked_through() {
    let directory = tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    let files = tree(&root);
    create(&root, &path, Index::Fragment);
    let bytes = fs::read(&path).expect("reads");
    // The tables are behind the segments; which of the bytes are fingerprints is seen by what is said of them.
    let fingerprints =
        Engram::open(&path).and_then(|engram| engram.info()).expect("reads").fingerprint_bytes as usize;
    let mut noticed = 0;
    for at in (bytes.len() - fingerprints - 20_000..bytes.len()).step_by(fingerprints / 20) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged).expect("writes");
        let Ok(engram) = Engram::open(&path) else { continue };
        let Ok(tree) = engram.latest() else { continue };
        let Ok(report) = engram.query(&tree, &files[4][500..1600], QueryOptions::default()) else { continue };
        if !report.findings.is_empty() {
            noticed += 1;
            assert!(report.scanned_bytes > 0);
            assert_eq!(report.hits[0].path.to_string(), "04");
            assert!(!engram.verify(VerifyOptions::default(), &()).expect("reads").is_sound());
        }
    }
    assert!(noticed > 3, "{noticed}");
}

#[test]
fn files_about_a_text_come_first() {
    let directory = tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    tree(&root);
    let about = "The lake was frozen in winter, and the children skated on the ice until sunset.\n";
    fs::write(root.join("winter"), [text(50, 100), about.repeat(8).into_bytes(), text(51, 100)].concat())
        .expect("writes");
    fs::write(root.join("binary"), noise(3, 5000)).expect("writes");
    create(&root, &path, Index::File);
    let engram = Engram::open(&path).expect("opens");
    let tree = engram.latest().expect("has one");
    let options = QueryOptions { limit: 3, ..QueryOptions::default() };
    let report = engram.query_text(&tree, "children skating on a frozen lake", options).expect("looks");
    assert_eq!(report.hits.len(), 3);
    assert_eq!(report.hits[0].path.to_string(), "winter");
    assert!(report.hits[0].score > report.hits[1].score + 0.1 && report.scanned_bytes > 100_000);
}

#[test]
fn without_signatures_nothing_is_similar_and_all_the_rest_works() {
    let directory = tempdir().expect("makes a directory");
    let (root, path) = (directory.path().join("tree"), directory.path().join("engram"));
    tree(&root);
    create(&root, &path, Index::None);
    let engram = Engram::open(&path).expect("opens");
    assert_eq!(engram.info().expect("reads").signatures, 0);
    let options = embeddenator_fs::SimilarOptions::default();
    assert!(engram.near_duplicates(&engram.latest().expect("has one"), options).expect("looks").is_empty());
    Engram::modify(
        &path,
        &[Source::contents_of(&root)],
        &IngestOptions { reread: true, ..IngestOptions::default() },
        &(),
    )
    .expect("modifies");
    let compact = CompactOptions { index: Some(Index::None), ..CompactOptions::default() };
    Engram::compact(&path, compact, &()).expect("compacts");
    let engram = Engram::open(&path).expect("opens");
    assert_eq!(engram.info().expect("reads").signatures, 0);
    assert!(engram.verify(VerifyOptions::default(), &()).expect("reads").is_sound());
}
