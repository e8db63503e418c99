//! `similar`: near-duplicates by signatures.

use std::io::Write;

use embeddenator_fs::{SimilarFile, SimilarOptions};
use serde_json::json;

use crate::args::SimilarArgs;
use crate::exit::Exit;
use crate::plan;
use crate::render::{Out, path_json, shown};

/// Files like one of the tree, like one outside of it, or all pairs.
pub(crate) fn run(args: &SimilarArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let engram = plan::open(&args.tree.engram)?;
    let tree = engram.tree(plan::snapshot(&engram, args.tree.at.as_deref())?)?;
    let options = SimilarOptions { similarity_min: args.min, limit: args.limit };
    if let Some(path) = &args.path {
        let files = engram.similar(&tree, &plan::path(path)?, options)?;
        write_files(&files, args.json, out)?;
    } else if let Some(file) = &args.file {
        let files = engram.similar_to(&tree, file, options)?;
        write_files(&files, args.json, out)?;
    } else {
        for pair in engram.near_duplicates(&tree, options)? {
            if args.json {
                let (left, right) = (path_json(&pair.left, json!({})), path_json(&pair.right, json!({})));
                out.json_line(&json!({ "left": left, "right": right, "similarity": pair.similarity }))?;
            } else {
                writeln!(out, "{:.2}  {}  {}", pair.similarity, shown(&pair.left), shown(&pair.right))?;
            }
        }
    }
    Ok(Exit::Ok)
}

fn write_files(files: &[SimilarFile], json: bool, out: &mut Out) -> anyhow::Result<()> {
    for file in files {
        if json {
            let rest = json!({ "size": file.size, "similarity": file.similarity });
            out.json_line(&path_json(&file.path, rest))?;
        } else {
            writeln!(out, "{:.2}  {}", file.similarity, shown(&file.path))?;
        }
    }
    Ok(())
}
