//! `forget`: snapshots taken off the list.

use std::io::Write;

use embeddenator_fs::{Engram, ForgetOptions, Keep};
use serde_json::{Value, json};

use crate::args::ForgetArgs;
use crate::exit::Exit;
use crate::render::{Out, snapshot_json, write_snapshots};

pub(crate) fn run(args: &ForgetArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let rules = Keep {
        last: args.keep_last,
        hourly: args.keep_hourly,
        daily: args.keep_daily,
        weekly: args.keep_weekly,
        monthly: args.keep_monthly,
        yearly: args.keep_yearly,
        labels: args.keep_label.clone(),
    };
    // Without a rule only what is named is forgotten, never everything.
    let keep = (rules != Keep::default()).then_some(rules);
    let options = ForgetOptions { snapshots: args.snapshots.clone(), keep, dry_run: args.dry_run };
    let report = Engram::forget(&args.engram, &options)?;
    if args.output.json {
        out.json(&json!({
            "dry_run": args.dry_run,
            "kept": report.kept.iter().map(snapshot_json).collect::<Value>(),
            "forgotten": report.forgotten.iter().map(snapshot_json).collect::<Value>(),
        }))?;
        return Ok(Exit::Ok);
    }
    writeln!(out, "{}", if args.dry_run { "would be forgotten" } else { "forgotten" })?;
    write_snapshots(out, &report.forgotten)?;
    writeln!(out, "kept")?;
    write_snapshots(out, &report.kept)?;
    Ok(Exit::Ok)
}
