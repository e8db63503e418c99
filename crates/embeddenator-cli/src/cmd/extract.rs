//! `extract`: files of a snapshot on disk.

use std::io::Write;

use embeddenator_fs::{ExtractOptions, Owners};
use serde_json::{Value, json};

use crate::args::ExtractArgs;
use crate::exit::Exit;
use crate::plan;
use crate::render::{Bar, Out, path_json, shown, warn};

/// Damage is exit code 5, other things that could not be made are 1.
pub(crate) fn run(args: &ExtractArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let engram = plan::open(&args.tree.engram)?;
    let tree = engram.tree(plan::snapshot(&engram, args.tree.at.as_deref())?)?;
    let options = ExtractOptions {
        paths: plan::paths(&args.paths)?,
        threads: args.threads.threads,
        overwrite: args.overwrite,
        owners: if args.no_owners { Owners::Ignore } else { Owners::IfPossible },
        keep_going: args.keep_going,
    };
    let report = engram.extract(&tree, &args.out, &options, &Bar::default())?;
    for warning in &report.warnings {
        warn(&warning.to_string());
    }
    for finding in &report.findings {
        warn(&format!("{}: {}", finding.meaning, finding.error));
    }
    if args.output.json {
        let missing = report.missing.iter().map(|path| path_json(path, json!({})));
        let warnings = report.warnings.iter().map(|it| json!({ "path": it.path, "message": it.message }));
        let findings = report.findings.iter().map(super::verify::finding_json);
        out.json(&json!({
            "entries": report.entries,
            "bytes": report.bytes,
            "missing": missing.collect::<Vec<Value>>(),
            "warnings": warnings.collect::<Vec<Value>>(),
            "findings": findings.collect::<Vec<Value>>(),
        }))?;
    } else {
        for path in &report.missing {
            writeln!(out, "missing: {}", shown(path))?;
        }
        writeln!(out, "{} entries, {} bytes", report.entries, report.bytes)?;
    }
    Ok(if !report.missing.is_empty() || !report.findings.is_empty() {
        Exit::Damaged
    } else if !report.warnings.is_empty() {
        Exit::Failure
    } else {
        Exit::Ok
    })
}
