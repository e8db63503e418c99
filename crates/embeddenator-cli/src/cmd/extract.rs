//! `extract`: files of a snapshot on disk.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use embeddenator_fs::{Engram, EngramPath, Error, ExtractOptions, Owners, Tree};
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
    if args.tar {
        return write_archive(args, &engram, &tree, &options.paths, out);
    }
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

/// Writes a tar archive to a file, or to standard output, which then has nothing else.
fn write_archive(
    args: &ExtractArgs,
    engram: &Engram,
    tree: &Tree<'_>,
    paths: &[EngramPath],
    out: &mut Out,
) -> anyhow::Result<Exit> {
    let bar = Bar::default();
    let to_stdout = args.out == Path::new("-");
    let report = if to_stdout {
        engram.archive(tree, paths, out, &bar)?
    } else {
        let mut options = File::options();
        options.write(true).create_new(!args.overwrite).create(true).truncate(args.overwrite);
        let opened = options.open(&args.out).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists { path: args.out.clone() },
            _ => Error::Io { action: "create", path: args.out.clone(), source: error },
        })?;
        engram.archive(tree, paths, &mut BufWriter::new(opened), &bar)?
    };
    for warning in &report.warnings {
        warn(&warning.to_string());
    }
    if args.output.json && !to_stdout {
        let warnings = report.warnings.iter().map(|it| json!({ "path": it.path, "message": it.message }));
        out.json(&json!({
            "entries": report.entries,
            "bytes": report.bytes,
            "warnings": warnings.collect::<Vec<Value>>(),
        }))?;
    } else if !to_stdout {
        writeln!(out, "{} entries, {} bytes", report.entries, report.bytes)?;
    }
    Ok(if report.warnings.is_empty() { Exit::Ok } else { Exit::Failure })
}
