//! `info`: what an engram is made of, and its snapshots.

use std::io::Write;

use serde_json::json;

use crate::args::InfoArgs;
use crate::exit::Exit;
use crate::plan;
use crate::render::{Out, hex, snapshots_json, write_snapshots};

pub(crate) fn run(args: &InfoArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let engram = plan::open(&args.engram)?;
    let info = engram.info()?;
    if args.output.json {
        out.json(&json!({
            "uuid": hex(&info.uuid),
            "commit": info.commit,
            "file_bytes": info.file_bytes,
            "committed_bytes": info.committed_bytes,
            "segments": info.segments,
            "segment_bytes": info.segment_bytes,
            "chunks": info.chunks,
            "chunk_bytes": info.chunk_bytes,
            "signatures": info.signatures,
            "fingerprint_bytes": info.fingerprint_bytes,
            "rolled_back": engram.is_rolled_back(),
            "snapshots": snapshots_json(&engram),
        }))?;
        return Ok(Exit::Ok);
    }
    writeln!(out, "uuid        {}", hex(&info.uuid))?;
    writeln!(out, "commit      {}", info.commit)?;
    writeln!(out, "file        {} bytes", info.file_bytes)?;
    writeln!(out, "chunks      {} of {} bytes", info.chunks, info.chunk_bytes)?;
    writeln!(out, "segments    {} of {} bytes", info.segments, info.segment_bytes)?;
    writeln!(out, "signatures  {}", info.signatures)?;
    writeln!(out, "fingerprints {} bytes", info.fingerprint_bytes)?;
    writeln!(out, "snapshots")?;
    write_snapshots(out, engram.snapshots())?;
    Ok(Exit::Ok)
}
