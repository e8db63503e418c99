//! `list`: experiences in the order they were recorded, archived ones included.

use std::io::Write;

use comfy_table::{ColumnConstraint, Row};

use crate::args::ListArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::json::ExperienceJson;
use crate::output::Out;
use crate::output::experience::{body, place};
use crate::output::table::{lines, table};
use crate::text::{printable_line, shorten_head};
use crate::time;

/// Bytes of a text's beginning in the table.
const BEGINNING_BYTES_MAX: usize = 60;

pub(crate) fn run(target: &Target, args: &ListArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let rows = db.list_experiences(target.collective(&db)?, args.limit, args.offset)?;
    if args.json {
        for experience in &rows {
            out.json_line(&ExperienceJson::new(experience, &target.collective, false))?;
        }
        return Ok(Exit::Ok);
    }
    let mut list = table(out.table_width, &["id", "happened", "source or agent", "text"], &[]);
    for experience in &rows {
        let origin = place(experience).unwrap_or_else(|| experience.source_agent.to_string());
        let archived = if experience.archived { "(archived) " } else { "" };
        let text = shorten_head(&printable_line(body(experience)), BEGINNING_BYTES_MAX);
        let mut row = Row::from([
            experience.id.to_string(),
            time::display(experience.timestamp).chars().take(16).collect(),
            printable_line(&origin),
            format!("{archived}{text}"),
        ]);
        row.max_height(1);
        list.add_row(row);
    }
    // The id is there to be copied.
    list.set_constraints([ColumnConstraint::ContentWidth, ColumnConstraint::ContentWidth]);
    out.write_all(lines(&list).as_bytes())?;
    Ok(Exit::Ok)
}
