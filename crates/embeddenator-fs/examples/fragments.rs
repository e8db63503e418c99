//! How often fragments of a tree find their file, how long a query takes, and what the index of fragments costs.
//!
//! `cargo run --release -p embeddenator-fs --example fragments -- DIRECTORY`

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use embeddenator_fs::{Engram, Index, IngestOptions, Node, QueryOptions, Source, Tree};
use embeddenator_vsa::Random;

const FRAGMENT_BYTES: usize = 1024;
const QUERIES: usize = 500;

/// What is done to a fragment before it is looked for.
type Change = fn(&[u8], &mut Random) -> Vec<u8>;

fn main() -> Result<(), Box<dyn Error>> {
    // Without a directory, the sources of this crate.
    let own = || concat!(env!("CARGO_MANIFEST_DIR"), "/src").into();
    let directory = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(own));
    let place = tempfile::tempdir()?;
    let path = place.path().join("tree.egm");
    let sources = [Source::contents_of(&directory)];
    let size = |index| {
        let options = IngestOptions { index: Some(index), overwrite: true, ..IngestOptions::default() };
        Engram::create(&path, &sources, &options, &()).map(|report| report.engram_bytes)
    };
    let (without, with) = (size(Index::File)?, size(Index::Fragment)?);
    let engram = Engram::open(&path)?;
    let info = engram.info()?;
    let share = info.fingerprint_bytes as f64 * 100.0 / info.chunk_bytes as f64;
    println!(
        "engram {without} bytes, with fragments {with}: {} of fingerprints, {share:.2}% of the distinct bytes",
        info.fingerprint_bytes
    );
    let tree = engram.latest()?;
    let files: Vec<_> = tree.entries().collect::<Result<Vec<_>, _>>()?;
    let files: Vec<embeddenator_fs::Entry> = files
        .into_iter()
        .filter(|it| matches!(it.node, Node::File(_)) && it.size() >= 2 * FRAGMENT_BYTES as u64)
        .collect();
    // By byte: a file of a megabyte is drawn as often as a thousand files of a kilobyte.
    let mut ends = Vec::with_capacity(files.len());
    let mut sum = 0;
    for file in &files {
        sum += file.size();
        ends.push(sum);
    }
    let changes: [(&str, Change); 3] = [
        ("as they are", |bytes, _| bytes.to_vec()),
        ("with a byte inserted", inserted),
        ("with every twelfth line replaced", edited),
    ];
    for (name, change) in changes {
        let drawn = Drawn { tree: &tree, files: &files, ends: &ends };
        let (found, mut times) = drawn.look_for(&engram, change)?;
        times.sort_unstable();
        println!(
            "{QUERIES} fragments {name}: recall@1 {:.3}, median {:?}, 95th percentile {:?}",
            found as f64 / QUERIES as f64,
            times[times.len() / 2],
            times[times.len() * 95 / 100]
        );
        assert!(found * 100 >= QUERIES * 95, "fragments {name} are found too seldom");
    }
    Ok(())
}

/// What fragments are drawn from: files, and where each ends if they are joined.
struct Drawn<'a> {
    tree: &'a Tree<'a>,
    files: &'a [embeddenator_fs::Entry],
    ends: &'a [u64],
}

impl Drawn<'_> {
    /// Looks for fragments that something was done to: how many were found, and how long each query took.
    fn look_for(&self, engram: &Engram, change: Change) -> Result<(usize, Vec<Duration>), Box<dyn Error>> {
        let (mut random, mut found, mut times) = (Random::new(1), 0, Vec::new());
        let mut contents: HashMap<usize, Vec<u8>> = HashMap::new();
        for _ in 0..QUERIES {
            let at = random.below(self.ends.last().copied().ok_or("there are no files of 2 KiB and more")?);
            let number = self.ends.partition_point(|end| *end <= at);
            let content = match contents.entry(number) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.read(&self.files[number])?),
            };
            let start = random.below((content.len() - FRAGMENT_BYTES) as u64) as usize;
            let original = &content[start..start + FRAGMENT_BYTES];
            let fragment = change(original, &mut random);
            let begun = Instant::now();
            let report = engram.query(self.tree, &fragment, QueryOptions::default())?;
            times.push(begun.elapsed());
            // Any file that has the fragment counts.
            if let Some(hit) = report.hits.first() {
                let content = self.read(&self.tree.entry(&hit.path)?)?;
                found += usize::from(content.windows(FRAGMENT_BYTES).any(|window| window == original));
            }
        }
        Ok((found, times))
    }

    fn read(&self, entry: &embeddenator_fs::Entry) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut content = Vec::new();
        self.tree.read(entry, &mut content)?;
        Ok(content)
    }
}

fn inserted(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.insert(random.below(bytes.len() as u64) as usize, b'#');
    bytes
}

fn edited(bytes: &[u8], _: &mut Random) -> Vec<u8> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
    lines
        .flat_map(|(number, line)| if number % 12 == 11 { &b"a line that was not there\n"[..] } else { line })
        .copied()
        .collect()
}
