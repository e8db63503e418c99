//! Versions of one file share a segment, however far apart they lie.

use std::fs;

use embeddenator_fs::{Engram, Profile};

use crate::trees::{ingest, noise};

#[test]
fn edited_copies_far_apart_cost_little() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let root = directory.path().join("tree");
    // 60 files that share nothing, of 100 KB each, in 5 versions: 1.2 copies fit into a segment by path.
    for version in 0..5_usize {
        let place = root.join(format!("version {version}"));
        fs::create_dir_all(&place).expect("makes a directory");
        for file in 0..60 {
            let mut content = noise(file, 100_000);
            for at in (0..100_000).step_by(9_000) {
                content[at + version * 100] ^= 1;
            }
            fs::write(place.join(format!("{file}")), content).expect("writes");
        }
    }
    let engram = directory.path().join("engram");
    let report = ingest(&root, &engram, Profile::Balanced, 2);
    assert_eq!(report.snapshot.bytes, 5 * 60 * 100_000);
    assert!(report.engram_bytes < 9_000_000, "{} bytes", report.engram_bytes);
    let info = Engram::open(&engram).expect("opens").info().expect("reads");
    assert_eq!(info.signatures, 300);
}
