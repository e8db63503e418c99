//! Opens bytes as an engram, verifies it and reads all of it: no panic, and what is sound can be read.
#![no_main]

use std::io::{sink, Write};

use embeddenator_fs::{Engram, VerifyOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("makes a file");
    file.write_all(bytes).expect("writes");
    let Ok(engram) = Engram::open(file.path()) else { return };
    let report = engram.verify(VerifyOptions { threads: 1 }, &()).expect("reads");
    for snapshot in engram.snapshots() {
        let read = read(&engram, snapshot);
        assert!(read.is_ok() || !report.is_sound(), "{read:?}");
    }
});

fn read(engram: &Engram, snapshot: &embeddenator_fs::Snapshot) -> embeddenator_fs::Result<()> {
    let tree = engram.tree(snapshot)?;
    for entry in tree.entries() {
        let entry = entry?;
        // What is mostly holes would be written for hours.
        if entry.node.kind() == "file" && entry.size() < 1 << 24 {
            tree.read(&entry, &mut sink())?;
        }
    }
    Ok(())
}
