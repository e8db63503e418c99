//! `diff`: what differs between two snapshots.

use std::io::Write;

use serde_json::json;

use crate::args::DiffArgs;
use crate::exit::Exit;
use crate::plan;
use crate::render::{Out, entry_json, path_json, shown};

pub(crate) fn run(args: &DiffArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let engram = plan::open(&args.engram)?;
    let before = engram.tree(engram.snapshot(&args.before)?)?;
    let after = engram.tree(plan::snapshot(&engram, args.after.as_deref())?)?;
    for change in engram.diff(&before, &after)? {
        if args.json {
            let rest = json!({
                "change": change.kind.name(),
                "before": change.before.as_ref().map(entry_json),
                "after": change.after.as_ref().map(entry_json),
            });
            out.json_line(&path_json(&change.path, rest))?;
        } else {
            writeln!(out, "{:<8}  {}", change.kind.name(), shown(&change.path))?;
        }
    }
    Ok(Exit::Ok)
}
