//! `list`: experiences in the order they were recorded, archived ones included.

use std::io::Write;

use comfy_table::{ColumnConstraint, Row};
use pulsedb::{CollectiveId, Experience, PulseDB};

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
    let rows = rows(&db, target.collective(&db)?, args)?;
    if args.json {
        for experience in &rows {
            out.json_line(&ExperienceJson::new(experience, &target.collective, false))?;
        }
        return Ok(Exit::Ok);
    }
    let origin = if args.key_prefix.is_some() { "key" } else { "source or agent" };
    let mut list = table(out.table_width, &["id", "happened", origin, "text"], &[]);
    for experience in &rows {
        let key = experience.key.clone().filter(|_| args.key_prefix.is_some());
        let origin = key.or_else(|| place(experience)).unwrap_or_else(|| experience.source_agent.to_string());
        let state = match (experience.archived, experience.superseded) {
            (true, true) => "(archived, superseded) ",
            (true, false) => "(archived) ",
            (false, true) => "(superseded) ",
            (false, false) => "",
        };
        let text = shorten_head(&printable_line(body(experience)), BEGINNING_BYTES_MAX);
        let mut row = Row::from([
            experience.id.to_string(),
            time::display(experience.timestamp).chars().take(16).collect(),
            printable_line(&origin),
            format!("{state}{text}"),
        ]);
        row.max_height(1);
        list.add_row(row);
    }
    // The id is there to be copied.
    list.set_constraints([ColumnConstraint::ContentWidth, ColumnConstraint::ContentWidth]);
    out.write_all(lines(&list).as_bytes())?;
    Ok(Exit::Ok)
}

/// The experiences that the flags ask for.
fn rows(db: &PulseDB, collective: CollectiveId, args: &ListArgs) -> pulsedb::Result<Vec<Experience>> {
    let Some(prefix) = &args.key_prefix else {
        return db.list_experiences(collective, args.limit, args.offset);
    };
    let keys = db.list_keys(collective, prefix, args.after.as_deref(), args.limit)?;
    // One that another process has deleted meanwhile is not there.
    keys.iter().filter_map(|key| db.get_by_key(collective, key).transpose()).collect()
}
