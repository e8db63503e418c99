//! The table stays in the program's file: using it takes no private memory of the process.

use std::env;
use std::fs;
use std::process::Command;

use pulsedb_model::Model;

use crate::corpus::random_texts;

const CHILD: &str = "PULSEDB_MODEL_MEMORY_CHILD";
/// A copy of the table would take 7.8 MB; the stack and the results take kilobytes.
const GROWTH_MAX: u64 = 1 << 20;

#[test]
fn embedding_makes_no_copy_of_the_table() {
    if env::var_os(CHILD).is_some() {
        return measure();
    }
    if anonymous_bytes().is_none() {
        println!("skipped: this system does not say how much memory a process has of its own");
        return;
    }
    // In a separate process, since other tests in this one allocate at the same time.
    let status = Command::new(env::current_exe().expect("the test knows its binary"))
        .args(["--exact", "memory::embedding_makes_no_copy_of_the_table", "--nocapture"])
        .env(CHILD, "1")
        .status()
        .expect("the test can start itself");
    assert!(status.success(), "the measuring process says why");
}

fn measure() {
    let texts = random_texts(1);
    let mut components = 0;
    let before = anonymous_bytes().expect("the parent has seen it");
    for text in &texts {
        components += Model::bundled().embed(text).len();
    }
    let after = anonymous_bytes().expect("the parent has seen it");
    let growth = after.saturating_sub(before);
    println!("{components} components, {growth} bytes of anonymous memory");
    assert!(components > 10_000, "the table was used");
    assert!(growth < GROWTH_MAX, "{growth} bytes of anonymous memory");
}

/// The resident memory that is not backed by a file, as Linux counts it.
fn anonymous_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}
