//! `bundle-hier`: the signatures of a snapshot as bundles of bundles.

use std::io::Write;

use serde_json::json;

use crate::args::BundleArgs;
use crate::exit::Exit;
use crate::plan;
use crate::render::Out;

/// Bundles the signatures of a snapshot, and says what that makes.
pub(crate) fn run(args: &BundleArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let engram = plan::open(&args.tree.engram)?;
    let tree = engram.tree(plan::snapshot(&engram, args.tree.at.as_deref())?)?;
    let stats = engram.bundle_hier(&tree)?.stats();
    if args.output.json {
        out.json(&json!({
            "items": stats.items,
            "nodes": stats.nodes,
            "code_bytes": stats.code_bytes,
            "counter_bytes": stats.counter_bytes,
        }))?;
    } else {
        let bytes = stats.code_bytes + stats.counter_bytes;
        writeln!(out, "{} signatures in {} bundles, {bytes} bytes", stats.items, stats.nodes)?;
    }
    Ok(Exit::Ok)
}
