//! `log`: the snapshots, or the versions of one path over them.

use std::io::Write;

use serde_json::{Value, json};

use crate::args::LogArgs;
use crate::exit::Exit;
use crate::plan;
use crate::render::{Out, entry_json, short_time, snapshot_json, snapshots_json, write_snapshots};

pub(crate) fn run(args: &LogArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let engram = plan::open(&args.engram)?;
    let Some(path) = &args.path else {
        if args.output.json {
            out.json(&snapshots_json(&engram))?;
        } else {
            write_snapshots(out, engram.snapshots())?;
        }
        return Ok(Exit::Ok);
    };
    let path = plan::path(path)?;
    let versions = engram.history(&path)?;
    if versions.is_empty() {
        // No snapshot has it, so the newest says that it is not there.
        engram.latest()?.entry(&path)?;
    }
    if args.output.json {
        let versions = versions.iter().map(|version| {
            json!({
                "snapshot": snapshot_json(&version.snapshot),
                "change": version.kind.name(),
                "entry": version.entry.as_ref().map(entry_json),
                "similarity": version.similarity,
            })
        });
        out.json(&versions.collect::<Value>())?;
        return Ok(Exit::Ok);
    }
    for version in &versions {
        let moment = short_time(version.snapshot.time);
        let size = version.entry.as_ref().map(|entry| format!("{} bytes", entry.size()));
        let alike = version.similarity.map(|similarity| format!("  {similarity:.2} similar"));
        let (size, alike) = (size.unwrap_or_default(), alike.unwrap_or_default());
        let line = format!(
            "{:>4}  {moment}  {:<8}  {size:>20}{alike}",
            version.snapshot.number,
            version.kind.name()
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(Exit::Ok)
}
