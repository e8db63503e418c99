//! `verify`: everything that is stored against its hashes.

use std::io::Write;

use embeddenator_fs::{Engram, Finding, VerifyOptions};
use serde_json::{Value, json};

use crate::args::VerifyArgs;
use crate::exit::Exit;
use crate::render::{Bar, Out, printable};

/// Damage is exit code 5, that of a superblock too.
pub(crate) fn run(args: &VerifyArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let engram = Engram::open(&args.engram)?;
    let report = engram
        .verify(VerifyOptions { threads: args.threads.threads, subset: args.subset }, &Bar::default())?;
    if args.output.json {
        out.json(&json!({
            "sound": report.is_sound(),
            "segments": report.segments,
            "segments_left_out": report.segments_left_out,
            "chunks": report.chunks,
            "bytes": report.bytes,
            "entries": report.entries,
            "dead_bytes": report.dead_bytes,
            "uncommitted_bytes": report.uncommitted_bytes,
            "findings": report.findings.iter().map(finding_json).collect::<Vec<Value>>(),
        }))?;
    } else {
        for finding in &report.findings {
            let text = format!("{}: {}", finding.meaning, finding.error);
            writeln!(out, "damaged: {}", printable(&text))?;
        }
        writeln!(
            out,
            "{} segments, {} chunks, {} bytes, {} entries; {} bytes not needed",
            report.segments, report.chunks, report.bytes, report.entries, report.dead_bytes
        )?;
        match (report.is_sound(), report.segments_left_out) {
            (false, _) => {}
            (true, 0) => writeln!(out, "everything is as it was written")?,
            (true, left_out) => {
                writeln!(out, "what was read is as it was written; {left_out} segments were left out")?;
            }
        }
    }
    Ok(if report.is_sound() { Exit::Ok } else { Exit::Damaged })
}

/// Damage, what it means and what was found.
pub(crate) fn finding_json(finding: &Finding) -> Value {
    json!({ "meaning": finding.meaning, "error": finding.error.to_string() })
}
