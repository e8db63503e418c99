//! `query`: files by a part of them, or by words.

use std::io::{Read, Write};

use embeddenator_fs::{Error, QueryOptions};
use serde_json::json;

use crate::args::QueryArgs;
use crate::exit::{Exit, Usage};
use crate::plan;
use crate::render::{Out, path_json, shown, warn};

/// Nothing that was found is exit code 3.
pub(crate) fn run(args: &QueryArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let engram = plan::open(&args.tree.engram)?;
    let tree = engram.tree(plan::snapshot(&engram, args.tree.at.as_deref())?)?;
    let options = QueryOptions { limit: args.limit, threads: args.threads.threads };
    let report = if let Some(text) = &args.text {
        engram.query_text(&tree, text, options)?
    } else {
        engram.query(&tree, &fragment(args)?, options)?
    };
    for finding in &report.findings {
        warn(&format!("{}: {}", finding.meaning, finding.error));
    }
    if report.scanned_bytes > 0 && args.text.is_none() {
        let bytes = report.scanned_bytes;
        warn(&format!(
            "{bytes} bytes have no fingerprints and were looked through: ingest or compact with `--index fragment`"
        ));
    }
    for hit in &report.hits {
        if args.json {
            let rest = json!({ "size": hit.size, "offset": hit.offset, "score": hit.score });
            out.json_line(&path_json(&hit.path, rest))?;
        } else {
            writeln!(out, "{:.2}  {:>10}  {}", hit.score, hit.offset, shown(&hit.path))?;
        }
    }
    Ok(if report.hits.is_empty() { Exit::NotFound } else { Exit::Ok })
}

fn fragment(args: &QueryArgs) -> anyhow::Result<Vec<u8>> {
    let mut fragment = Vec::new();
    match &args.file {
        Some(path) => {
            let read = std::fs::read(path);
            fragment = read.map_err(|source| Error::Io { action: "read", path: path.clone(), source })?;
        }
        None => drop(std::io::stdin().read_to_end(&mut fragment)?),
    }
    if fragment.is_empty() {
        return Err(Usage("the fragment is empty: give some bytes to look for".to_owned()).into());
    }
    Ok(fragment)
}
