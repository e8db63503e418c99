//! Measures how well signatures tell edited copies from unrelated files, on the files of a directory.
//!
//! ```sh
//! cargo run --release -p embeddenator-vsa --example near_duplicates -- /usr/include
//! ```
//!
//! Without a directory it uses the files of this crate, which are few. In each file it replaces a
//! share of the lines, spread over the whole file, with text from other files. Unrelated pairs are
//! all pairs of different files whose exact Jaccard similarity over the same shingles is below a
//! tenth. For each shingle length it prints the lowest dot product that at most 1 of 10 000
//! unrelated pairs reaches, and the share of edited files that reach it.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use embeddenator_vsa::{Codes, Random, ShingleEncoder, ShingleOptions};
use xxhash_rust::xxh3::xxh3_64;

/// The number of files: more than a million pairs.
const FILES: usize = 1500;
/// The sizes of the files used.
const SIZES: std::ops::Range<usize> = 4096..262_144;
/// Pairs with at least this Jaccard similarity are related.
const RELATED: f64 = 0.1;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os().nth(1).unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let mut random = Random::new(1);
    let files = sample(Path::new(&directory), &mut random)?;
    let bytes: usize = files.iter().map(Vec::len).sum();
    println!("{} files of {bytes} bytes", files.len());
    let edited = [20, 40].map(|percent| {
        let copies = files.iter().map(|file| edit(file, &files, percent, &mut random));
        (percent, copies.collect::<Vec<_>>())
    });
    for shingle_bytes in [6, 8, 12, 16, 24] {
        let encoder = ShingleEncoder::new(ShingleOptions { shingle_bytes, ..ShingleOptions::default() })?;
        let started = Instant::now();
        let codes = encoder.encode_all(&files);
        let rate = bytes as f64 / 1e6 / started.elapsed().as_secs_f64();
        let (threshold, negatives) = threshold(&codes, &files, shingle_bytes)?;
        println!(
            "shingles of {shingle_bytes} bytes, {rate:.0} MB/s, {negatives}: a dot product of {threshold}"
        );
        for (percent, copies) in &edited {
            let copies = encoder.encode_all(copies);
            let dots = codes.iter().zip(&copies).map(|(file, copy)| file.dot(copy));
            let dots: Vec<i32> = dots.collect::<Result<_, _>>()?;
            let found = dots.iter().filter(|dot| **dot >= threshold).count() as f64 / dots.len() as f64;
            let mean = f64::from(dots.iter().sum::<i32>()) / dots.len() as f64;
            println!("  {percent}% of the lines edited: {found:.4} found, mean dot product {mean:.1}");
        }
    }
    Ok(())
}

/// The lowest dot product that at most 1 of 10 000 unrelated pairs reaches, and the number of
/// pairs.
fn threshold(
    codes: &Codes,
    files: &[Vec<u8>],
    shingle_bytes: usize,
) -> Result<(i32, String), Box<dyn Error>> {
    let mut pairs = Vec::new();
    for (index, code) in codes.iter().enumerate() {
        let dots = codes.dots(code)?;
        pairs.extend((0..index).map(|other| (dots[other], index, other)));
    }
    pairs.sort_unstable_by(|left, right| right.cmp(left));
    let mut sets: HashMap<usize, Vec<u64>> = HashMap::new();
    // The highest ones are checked one by one until enough of them are unrelated.
    let (mut unrelated, mut related) = (0, 0);
    for (dot, left, right) in &pairs {
        for index in [*left, *right] {
            sets.entry(index).or_insert_with(|| shingles(&files[index], shingle_bytes));
        }
        if jaccard(&sets[left], &sets[right]) >= RELATED {
            related += 1;
            continue;
        }
        unrelated += 1;
        if unrelated > pairs.len() / 10_000 {
            return Ok((dot + 1, format!("{} pairs, {related} related ones above", pairs.len())));
        }
    }
    Err("fewer unrelated pairs than are needed".into())
}

/// The hashes of all shingles, ascending.
fn shingles(bytes: &[u8], length: usize) -> Vec<u64> {
    let mut hashes: Vec<u64> = bytes.windows(length).map(xxh3_64).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// The Jaccard similarity of two ascending sets.
fn jaccard(left: &[u64], right: &[u64]) -> f64 {
    let (mut i, mut j, mut common) = (0, 0, 0);
    while let (Some(a), Some(b)) = (left.get(i), right.get(j)) {
        common += usize::from(a == b);
        i += usize::from(a <= b);
        j += usize::from(b <= a);
    }
    common as f64 / (left.len() + right.len() - common) as f64
}

/// The file with a share of its lines replaced with lines from the other files.
fn edit(file: &[u8], files: &[Vec<u8>], percent: u64, random: &mut Random) -> Vec<u8> {
    let mut edited = Vec::with_capacity(file.len());
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        if random.below(100) < percent {
            let other = &files[random.below(files.len() as u64) as usize];
            let start = random.below(other.len() as u64) as usize;
            edited.extend(other[start..].iter().copied().chain([b'\n']).take(line.len()));
        } else {
            edited.extend(line);
        }
    }
    edited
}

/// Some files of the tree, no two with the same content.
fn sample(directory: &Path, random: &mut Random) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut paths = Vec::new();
    walk(directory, &mut paths)?;
    paths.sort_unstable();
    let (mut seen, mut files) = (HashSet::new(), Vec::new());
    while files.len() < FILES && !paths.is_empty() {
        let path = paths.swap_remove(random.below(paths.len() as u64) as usize);
        let Ok(content) = fs::read(path) else { continue };
        if SIZES.contains(&content.len()) && seen.insert(content.clone()) {
            files.push(content);
        }
    }
    Ok(files)
}

fn walk(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), paths)?;
        } else if kind.is_file() {
            paths.push(entry.path());
        }
    }
    Ok(())
}
