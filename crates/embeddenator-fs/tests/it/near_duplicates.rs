//! How surely an edited copy is told from files that have nothing to do with it.

use std::collections::HashSet;
use std::fs;

use embeddenator_fs::{Engram, Profile};
use embeddenator_retrieval::Id;
use embeddenator_vsa::{Codes, Random, Shape};

use crate::trees::{ingest, text};

const ORIGINALS: usize = 1200;
const EDITED: usize = 300;

/// Which lines of a text are replaced: four in ten.
fn edit(original: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let replacement = text(seed + 1_000_000, 200);
    let mut new_lines = replacement.split_inclusive(|byte| *byte == b'\n').cycle();
    let mut edited = Vec::new();
    for line in original.split_inclusive(|byte| *byte == b'\n') {
        let line = if random.below(10) < 4 { new_lines.next().expect("has lines") } else { line };
        edited.extend_from_slice(line);
    }
    edited
}

fn shingles(file: &[u8]) -> HashSet<&[u8]> {
    file.windows(16).collect()
}

/// Exact, for the few pairs whose files are asked for.
fn jaccard(left: &[u8], right: &[u8]) -> f32 {
    let (left, right) = (shingles(left), shingles(right));
    let both = left.intersection(&right).count();
    both as f32 / (left.len() + right.len() - both) as f32
}

#[test]
fn file_of_which_four_lines_in_ten_are_new_is_found_at_one_false_alarm_in_ten_thousand() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let (root, engram) = (directory.path().join("tree"), directory.path().join("engram"));
    fs::create_dir(&root).expect("makes a directory");
    let original = |file: usize| text(file as u64, 150);
    let mut oracle = 0.0_f32;
    for file in 0..ORIGINALS {
        let content = original(file);
        fs::write(root.join(format!("a{file:05}")), &content).expect("writes");
        if file < EDITED {
            let copy = edit(&content, file as u64);
            if file < 20 {
                oracle += jaccard(&content, &copy) / 20.0;
            }
            fs::write(root.join(format!("b{file:05}")), copy).expect("writes");
        }
    }
    assert!(oracle > 0.2 && oracle < 0.6, "the copies have a similarity of {oracle}");
    ingest(&root, &engram, Profile::Fast, 2);
    let opened = Engram::open(&engram).expect("opens");
    let bundles = opened.bundle_hier(&opened.latest().expect("is there")).expect("bundles");
    assert_eq!(bundles.files().len(), ORIGINALS + EDITED);
    let mut codes = Codes::new(Shape::DEFAULT);
    for id in 0..ORIGINALS + EDITED {
        codes.push(bundles.hierarchy().get_ref(Id(id as u64)).expect("is there")).expect("is of the shape");
    }
    let (mut negatives, mut positives, mut estimate) = (Vec::new(), Vec::new(), 0.0);
    for left in 0..ORIGINALS + EDITED {
        let dots = codes.dots(codes.get(left).expect("is there")).expect("are of one shape");
        for (right, dot) in dots.iter().enumerate().skip(left + 1) {
            if right >= ORIGINALS && right - ORIGINALS == left {
                positives.push(*dot);
                estimate += *dot as f32 / 128.0 / EDITED as f32;
            } else {
                negatives.push(*dot);
            }
        }
    }
    assert!(negatives.len() > 1_000_000 && positives.len() == EDITED);
    negatives.sort_unstable_by_key(|dot| std::cmp::Reverse(*dot));
    let threshold = negatives[negatives.len() / 10_000];
    let found = positives.iter().filter(|dot| **dot > threshold).count();
    assert!(found * 100 >= EDITED * 97, "{found} of {EDITED} beyond {threshold}");
    assert!((estimate - oracle).abs() < 0.05, "{estimate} is estimated, {oracle} is true");
}
