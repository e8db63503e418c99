//! `backup`: a consistent copy while others read and write.

use std::io::Write;

use anyhow::Context;
use indicatif::HumanBytes;
use serde_json::json;

use crate::args::BackupArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;

pub(crate) fn run(target: &Target, args: &BackupArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let report = db.backup(&args.to).with_context(|| format!("cannot back up to {}", args.to.display()))?;
    if args.output.json {
        out.json(&json!({ "path": report.path.to_string_lossy(), "bytes": report.bytes, "sequence": report.sequence }))?;
    } else {
        let bytes = HumanBytes(report.bytes);
        writeln!(out, "{bytes} at {}, up to change {}", report.path.display(), report.sequence)?;
    }
    Ok(Exit::Ok)
}
