//! `model`: notes where models are, so that databases with their vectors find them.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::args::{ModelArgs, ModelCommand};
use crate::exit::Exit;
use crate::models::{self, Note};
use crate::output::Out;
use crate::output::table::{lines, table};
use crate::text::printable_line;

pub(crate) fn run(args: &ModelArgs, out: &mut Out) -> anyhow::Result<Exit> {
    models::expect_models()?;
    match &args.command {
        None => list(args.output.json, out),
        Some(ModelCommand::List(output)) => list(output.json, out),
        Some(ModelCommand::Add { path, output }) => {
            let (_, note) = models::add(path.clone())?;
            if output.json {
                out.json(&note_json(&note))?;
            } else {
                writeln!(out, "{}", note.digest)?;
            }
            Ok(Exit::Ok)
        }
    }
}

fn list(json: bool, out: &mut Out) -> anyhow::Result<Exit> {
    let notes = models::noted()?;
    if json {
        let rows: Vec<Value> = notes.iter().map(note_json).collect();
        out.json(&json!({ "count": notes.len(), "models": rows }))?;
        return Ok(Exit::Ok);
    }
    let mut list = table(out.table_width, &["model", "dimensions", "directory"], &[1]);
    for note in &notes {
        let missing = if is_there(&note.path) { "" } else { " (missing)" };
        let place = format!("{}{missing}", printable_line(&note.path.display().to_string()));
        list.add_row([note.digest.clone(), note.dimension.to_string(), place]);
    }
    if !notes.is_empty() {
        write!(out, "{}", lines(&list))?;
    }
    Ok(Exit::Ok)
}

fn note_json(note: &Note) -> Value {
    json!({
        "model_digest": note.digest,
        "dimension": note.dimension,
        "path": note.path.display().to_string(),
        "is_there": is_there(&note.path),
    })
}

fn is_there(directory: &Path) -> bool {
    directory.is_dir()
}
