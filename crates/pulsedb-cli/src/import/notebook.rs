//! Notebooks of Jupyter (`.ipynb`): their cells are passages, what their programs printed and drew is left out.

use serde_json::{Map, Value};

use crate::import::data_url::without_data;
use crate::import::markdown::{Path, chunks_below};
use crate::import::passages::Chunk;
use crate::import::text;
use crate::report::{Omission, Omissions};

/// The chunks of a notebook, with the number of outputs that were left out; `None` if the value is not a notebook.
pub(crate) fn chunks(value: &Value) -> Option<(Vec<Chunk>, Omissions)> {
    let mut chunks = Vec::new();
    let mut left_out = Omissions::default();
    let mut path = Path::default();
    for (index, cell) in cells(value)?.into_iter().enumerate() {
        let outputs = cell.get("outputs").and_then(Value::as_array).map_or(0, Vec::len);
        left_out.add(Omission::Output, outputs as u64);
        let Some(source) = cell.get("source").or_else(|| cell.get("input")).map(source) else { continue };
        let source = without_data(&source);
        let kind = cell.get("cell_type").and_then(Value::as_str).unwrap_or_default();
        let of_cell = match kind {
            "markdown" | "heading" => chunks_below(&source, &mut path),
            _ => text::chunks(&source).into_iter().map(|chunk| chunk.below(path.heading())).collect(),
        };
        // A line of a cell is not a line of the file.
        let numbered = |chunk| Chunk { line: 0, cell: Some(index + 1), ..chunk };
        chunks.extend(of_cell.into_iter().map(numbered));
    }
    Some((chunks, left_out))
}

/// The cells, which the third version of the format keeps in sheets.
fn cells(value: &Value) -> Option<Vec<&Map<String, Value>>> {
    let object = value.as_object()?;
    let of = |object: &Map<String, Value>| object.get("cells").and_then(Value::as_array).is_some();
    let sheets: Vec<&Map<String, Value>> = match object.get("worksheets").and_then(Value::as_array) {
        Some(sheets) => sheets.iter().filter_map(Value::as_object).collect(),
        None if of(object) => vec![object],
        None => return None,
    };
    let lists = sheets.into_iter().filter_map(|sheet| sheet.get("cells").and_then(Value::as_array));
    Some(lists.flatten().filter_map(Value::as_object).collect())
}

/// The text of a cell: one string, or one a line.
fn source(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_passages_below_their_headings_without_outputs() {
        let value = json!({"nbformat": 4, "cells": [
            {"cell_type": "markdown", "source": ["# Pumps\n", "\n", "How they run. ![](data:image/png;base64,QUJD)"]},
            {"cell_type": "code", "source": "print(1)", "outputs": [{"data": {"image/png": "iVBORw0KGgo="}}]},
            {"cell_type": "raw", "source": ""}]});
        let (chunks, left_out) = chunks(&value).unwrap();
        let rows: Vec<_> = chunks.iter().map(|it| (it.cell, it.content.as_str())).collect();
        let first = "Pumps\n\nHow they run. ![](data:image/png)";
        assert_eq!(rows, [(Some(1), first), (Some(2), "Pumps\n\nprint(1)")]);
        assert_eq!(left_out.0[&Omission::Output], 1);
    }

    #[test]
    fn sheets_of_the_third_version_are_read_and_other_json_is_not_a_notebook() {
        let value =
            json!({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}]}]});
        assert_eq!(chunks(&value).unwrap().0[0].content, "x = 1");
        assert!(chunks(&json!({"a": 1})).is_none());
        assert!(chunks(&json!([])).is_none());
    }
}
