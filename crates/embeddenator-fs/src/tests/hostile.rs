//! Engrams that lie with checksums that fit: an error that names the place, nothing outside the target, bounded memory.

use std::fs;
use std::path::{Path, PathBuf};

use super::forge::{Forge, chunked, entry, forge};
use super::trees::noise;
use crate::container::segment::Piece;
use crate::engram::Engram;
use crate::entry::{Data, Entry, Hole, Node};
use crate::error::{Category, Error, Result};
use crate::extract::run::ExtractOptions;
use crate::manifest::block;
use crate::path::EngramPath;
use crate::verify::VerifyOptions;

struct Hostile {
    directory: tempfile::TempDir,
    engram: PathBuf,
    target: PathBuf,
}

fn hostile(make: impl FnOnce(Forge<'_>)) -> Hostile {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (engram, target) = (directory.path().join("engram"), directory.path().join("in/target"));
    forge(&engram, make);
    Hostile { directory, engram, target }
}

impl Hostile {
    fn extract(&self) -> Result<()> {
        let engram = Engram::open(&self.engram)?;
        let options = ExtractOptions { overwrite: true, threads: 1, ..ExtractOptions::default() };
        engram.extract(&engram.latest()?, &self.target, &options, &()).map(drop)
    }

    /// Holds if extracting and verifying find damage at a place, and nothing is outside of the target.
    fn is_refused(&self, place: &str) {
        let error = self.extract().expect_err("it lies");
        assert_eq!(error.category(), Category::Damaged, "{error}");
        assert!(error.to_string().contains(place), "{error}");
        if let Ok(engram) = Engram::open(&self.engram) {
            let report =
                engram.verify(VerifyOptions { threads: 1, ..VerifyOptions::default() }, &()).expect("reads");
            assert!(!report.is_sound(), "{place}");
        }
        self.nothing_is_outside();
    }

    fn nothing_is_outside(&self) {
        let mut names: Vec<_> = fs::read_dir(self.directory.path())
            .expect("lists")
            .map(|name| name.expect("lists").file_name())
            .collect();
        names.retain(|name| name != "engram" && name != "in");
        assert!(names.is_empty(), "{names:?}");
        assert!(fs::read_dir(self.directory.path().join("in")).map_or(true, |inside| inside.count() <= 1));
    }
}

fn root() -> Entry {
    entry("", Node::Directory)
}

fn link(path: &str, target: &str) -> Entry {
    entry(path, Node::Symlink(target.as_bytes().to_vec()))
}

#[test]
fn paths_with_a_way_out_are_refused() {
    for out in ["../out", "/out", "a/../../out", "a//b", ".", "a/./b", "a\0b"] {
        // Paths that are none cannot be written, so one of equal length is put in their place.
        let stand_in = "x".repeat(out.len());
        let bytes = block::write(&[root(), entry(&stand_in, Node::Fifo)]);
        let at = bytes.windows(out.len()).position(|part| part == stand_in.as_bytes()).expect("is in it");
        let mut forged = bytes.clone();
        forged[at..at + out.len()].copy_from_slice(out.as_bytes());
        assert!(block::read(&bytes).is_ok());
        assert!(block::read(&forged).is_err(), "{out}");
        assert!(EngramPath::new(out).is_err());
    }
}

#[test]
fn entry_behind_a_symbolic_link_is_refused() {
    for target in ["..", "../..", "/", "/tmp"] {
        let lies = [root(), link("a", target), entry("a/out", Node::Fifo)];
        hostile(|forge| forge.finish(&lies)).is_refused("the manifest");
    }
    // A link may lead out; nothing is made behind it.
    let leads_out = hostile(|forge| forge.finish(&[root(), link("a", "../../out"), link("b", "/")]));
    leads_out.extract().expect("links are only names");
    leads_out.nothing_is_outside();
}

#[test]
fn path_that_is_there_twice_is_refused() {
    for twice in [
        vec![root(), entry("a", Node::Fifo), entry("a", Node::Fifo)],
        vec![root(), entry("a", Node::Directory), link("a", ".."), entry("a/out", Node::Fifo)],
        vec![root(), entry("b", Node::Fifo), entry("a", Node::Fifo)],
        vec![root(), entry("a/b", Node::Fifo)],
        vec![root(), root()],
        vec![entry("", Node::Fifo)],
    ] {
        hostile(|forge| forge.finish(&twice)).is_refused("the manifest");
    }
}

#[test]
fn delta_without_ground_is_refused() {
    let (raw, prefix) = (noise(1, 5000), noise(1, 6000));
    let piece = |segment, offset, length| Piece { segment, offset, length };
    let file = [root(), chunked("file", 5000, &[(1, 1)])];
    // Behind itself, behind a later one, outside of a segment, too deep, and no deeper than its base.
    for (pieces, depth) in [
        (vec![piece(1, 0, 6000)], 1),
        (vec![piece(2, 0, 6000)], 1),
        (vec![piece(0, 1, 6000)], 1),
        (vec![piece(0, u32::MAX, u32::MAX)], 1),
        (vec![piece(0, 0, 0)], 1),
        (vec![piece(0, 0, 6000)], 3),
        (vec![], 1),
        (vec![piece(0, 0, 6000)], 0),
    ] {
        let lies = hostile(|mut forge| {
            forge.segment(&prefix, &[], &[], 0);
            forge.segment(&raw, &prefix, &pieces, depth);
            forge.finish(&file);
        });
        lies.is_refused("");
    }
    let cycle = hostile(|mut forge| {
        forge.segment(&prefix, &[], &[], 0);
        forge.segment(&raw, &prefix, &[piece(0, 0, 6000)], 1);
        forge.segment(&noise(1, 4000), &raw, &[piece(1, 0, 5000)], 1);
        forge.finish(&[root(), chunked("file", 4000, &[(2, 1)])]);
    });
    cycle.is_refused("segment 2");
}

#[test]
fn prefix_that_is_much_longer_than_its_pieces_is_bounded() {
    let (raw, prefix) = (noise(1, 5000), noise(1, 200_000));
    // 255 times the same piece of 200 KB would be 51 MB.
    let pieces = vec![Piece { segment: 0, offset: 0, length: 200_000 }; 255];
    let lies = hostile(|mut forge| {
        forge.segment(&prefix, &[], &[], 0);
        forge.segment(&raw, &prefix, &pieces, 1);
        forge.finish(&[root(), chunked("file", 5000, &[(1, 1)])]);
    });
    lies.is_refused("segment 1");
}

#[test]
fn file_of_more_or_other_chunks_than_there_are_is_refused() {
    let raw = noise(1, 5000);
    for (size, runs) in [
        (5000, vec![(1, 1)]),
        (5000, vec![(0, u32::MAX)]),
        (5000, vec![(u32::MAX - 1, 1)]),
        (4999, vec![(0, 1)]),
        (5001, vec![(0, 1)]),
        (1 << 60, vec![(0, 1)]),
        (i64::MAX as u64, vec![(0, 1), (0, 1)]),
    ] {
        let lies = hostile(|mut forge| {
            forge.segment(&raw, &[], &[], 0);
            forge.finish(&[root(), chunked("file", size, &runs)]);
        });
        lies.is_refused("");
    }
}

#[test]
fn chunk_that_is_something_else_is_refused_by_path_and_segment() {
    let lies = hostile(|mut forge| {
        forge.segment(&noise(1, 5000), &[], &[], 0);
        forge.segment(&noise(2, 9000), &noise(2, 9000), &[Piece { segment: 0, offset: 0, length: 5000 }], 1);
        forge.finish(&[root(), chunked("file", 9000, &[(1, 1)])]);
    });
    lies.is_refused("segment 1, needed by `file`");
}

#[test]
fn holes_that_fill_the_disk_on_paper_cost_nothing() {
    let mut sparse = chunked("sparse", 1 << 40, &[(0, 1)]);
    if let Node::File(content) = &mut sparse.node {
        content.holes = vec![Hole { offset: 5000, length: (1 << 40) - 5000 }];
    }
    let large = hostile(|mut forge| {
        forge.segment(&noise(1, 5000), &[], &[], 0);
        forge.finish(&[root(), sparse.clone()]);
    });
    large.extract().expect("a hole takes no place");
    assert_eq!(fs::metadata(large.target.join("sparse")).expect("looks").len(), 1 << 40);
    for holes in [vec![(0, 10), (5, 10)], vec![(0, 10), (10, 10)], vec![(1 << 40, 1)], vec![(3, 0)]] {
        let mut lies = sparse.clone();
        if let Node::File(content) = &mut lies.node {
            content.holes = holes.into_iter().map(|(offset, length)| Hole { offset, length }).collect();
        }
        hostile(|mut forge| {
            forge.segment(&noise(1, 5000), &[], &[], 0);
            forge.finish(&[root(), lies.clone()]);
        })
        .is_refused("");
    }
}

#[test]
fn hard_links_to_a_file_that_is_none_are_refused_or_kept_apart() {
    let mut first = link("a", "/etc/passwd");
    let mut second = chunked("b", 5000, &[(0, 1)]);
    (first.link_group, second.link_group) = (Some(0), Some(0));
    let lies = hostile(|mut forge| {
        forge.segment(&noise(1, 5000), &[], &[], 0);
        forge.finish(&[root(), first, second]);
    });
    // The name of the link is linked, which writes through no link.
    drop(lies.extract());
    lies.nothing_is_outside();
    assert!(!fs::symlink_metadata(lies.target.join("b")).is_ok_and(|found| found.is_file()));
}

#[test]
fn inline_data_of_another_length_is_refused() {
    for (size, length) in [(10, 9), (9, 10), (300, 300), (0, 1)] {
        let mut lies = chunked("file", size, &[]);
        if let Node::File(content) = &mut lies.node {
            content.data = Data::Inline(vec![7; length]);
        }
        hostile(|forge| forge.finish(&[root(), lies.clone()])).is_refused("the manifest");
    }
}

/// Bytes that claim to decode to far more than they are.
#[test]
fn bomb_is_refused_before_it_is_decoded() {
    let raw = vec![0; 16 << 20];
    let path = tempfile::tempdir().expect("makes a directory");
    let engram = path.path().join("engram");
    forge(&engram, |mut forge| {
        forge.segment(&raw, &[], &[], 0);
        forge.finish(&[root(), chunked("zeros", 16 << 20, &[(0, 1)])]);
    });
    // 16 MiB of zeros are a kilobyte, and within the limits; a segment of more is not.
    assert!(fs::metadata(&engram).expect("looks").len() < 20_000);
    assert!(Engram::open(&engram).expect("opens").verify(VerifyOptions::default(), &()).is_ok());
    let raw = vec![0; (16 << 20) + 1];
    forge(&engram, |mut forge| {
        forge.segment(&raw, &[], &[], 0);
        forge.finish(&[root(), chunked("zeros", (16 << 20) + 1, &[(0, 1)])]);
    });
    is_damaged(&engram);
}

fn is_damaged(engram: &Path) {
    let read = || -> Result<()> {
        let engram = Engram::open(engram)?;
        let tree = engram.latest()?;
        for entry in tree.entries() {
            let entry = entry?;
            if matches!(entry.node, Node::File(_)) {
                tree.read(&entry, &mut std::io::sink())?;
            }
        }
        Ok(())
    };
    let error = read().expect_err("it lies");
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}
