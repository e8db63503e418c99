//! `collectives`: lists, creates, renames, deletes and counts them.

use std::io::{BufRead, IsTerminal, Write};

use indicatif::HumanBytes;
use pulsedb::{Collective, CollectiveStats, PulseDB};
use serde_json::{Value, json};

use crate::args::{CollectivesArgs, CollectivesCommand};
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::json::Moment;
use crate::output::Out;
use crate::output::table::{lines, table};
use crate::text::{count as count_of, printable_line};
use crate::time;

pub(crate) fn run(target: &Target, args: CollectivesArgs, out: &mut Out) -> anyhow::Result<Exit> {
    match args.command {
        None => list(target, args.output.json, out),
        Some(CollectivesCommand::List(list_args)) => list(target, list_args.json, out),
        Some(CollectivesCommand::Create { name, owner, creation, output }) => {
            let db = target.create(creation.dimension)?;
            let id = match owner {
                Some(owner) => db.create_collective_with_owner(&name, &owner)?,
                None => db.create_collective(&name)?,
            };
            if output.json {
                out.json(&json!({ "id": id, "name": name }))?;
            } else {
                writeln!(out, "{id}")?;
            }
            Ok(Exit::Ok)
        }
        Some(CollectivesCommand::Rename { name, to, output }) => rename(target, &name, &to, output.json, out),
        Some(CollectivesCommand::Delete { name, yes, output }) => {
            delete(target, &name, yes, output.json, out)
        }
        Some(CollectivesCommand::Stats { name, output }) => {
            let db = target.read()?;
            let name = name.as_deref().unwrap_or(&target.collective);
            let id = target.collective_named(&db, name)?;
            let collective = db
                .get_collective(id)?
                .ok_or(pulsedb::PulseDBError::from(pulsedb::NotFoundError::Collective(id)))?;
            let stats = db.get_collective_stats(id)?;
            if output.json {
                out.json(&collective_json(&collective, &stats))?;
            } else {
                write_table(&[(collective, stats)], out)?;
            }
            Ok(Exit::Ok)
        }
    }
}

fn list(target: &Target, json: bool, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let rows = with_stats(&db)?;
    if json {
        let collectives: Vec<_> =
            rows.iter().map(|(collective, stats)| collective_json(collective, stats)).collect();
        out.json(&json!({ "count": rows.len(), "collectives": collectives }))?;
    } else {
        write_table(&rows, out)?;
    }
    Ok(Exit::Ok)
}

fn with_stats(db: &PulseDB) -> anyhow::Result<Vec<(Collective, CollectiveStats)>> {
    let mut rows = Vec::new();
    for collective in db.list_collectives()? {
        match db.get_collective_stats(collective.id) {
            Ok(stats) => rows.push((collective, stats)),
            // Deleted between the two calls.
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(rows)
}

fn collective_json(collective: &Collective, stats: &CollectiveStats) -> Value {
    json!({
        "id": collective.id,
        "name": collective.name,
        "owner": collective.owner_id,
        "dimension": collective.embedding_dimension,
        "created_at": Moment(collective.created_at),
        "experiences": stats.experience_count,
        "bytes": stats.storage_bytes,
        "oldest": stats.oldest_experience.map(Moment),
        "newest": stats.newest_experience.map(Moment),
    })
}

fn write_table(rows: &[(Collective, CollectiveStats)], out: &mut Out) -> anyhow::Result<()> {
    let header = ["name", "experiences", "bytes", "oldest", "newest", "owner"];
    let mut list = table(out.width, &header, &[1, 2]);
    let day =
        |moment: Option<_>| moment.map(|it| time::display(it).chars().take(10).collect()).unwrap_or_default();
    for (collective, stats) in rows {
        list.add_row([
            printable_line(&collective.name),
            stats.experience_count.to_string(),
            HumanBytes(stats.storage_bytes).to_string(),
            day(stats.oldest_experience),
            day(stats.newest_experience),
            printable_line(collective.owner_id.as_deref().unwrap_or_default()),
        ]);
    }
    out.write_all(lines(&list).as_bytes())?;
    Ok(())
}

fn rename(target: &Target, name: &str, to: &str, json: bool, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.write()?;
    let id = target.collective_named(&db, name)?;
    db.rename_collective(id, to)?;
    let missing = || pulsedb::PulseDBError::from(pulsedb::NotFoundError::Collective(id));
    let renamed = db.get_collective(id)?.ok_or_else(missing)?.name;
    if json {
        out.json(&json!({ "id": id, "old_name": name, "name": renamed }))?;
    } else {
        writeln!(out, "renamed `{}` to `{}`", printable_line(name), printable_line(&renamed))?;
    }
    Ok(Exit::Ok)
}

fn delete(target: &Target, name: &str, yes: bool, json: bool, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.write()?;
    let id = target.collective_named(&db, name)?;
    let count = db.get_collective_stats(id)?.experience_count;
    if !yes {
        confirm(name, count)?;
    }
    db.delete_collective(id)?;
    if json {
        out.json(&json!({ "id": id, "name": name, "experiences": count }))?;
    } else {
        writeln!(out, "deleted `{}` with {}", printable_line(name), count_of(count, "experience"))?;
    }
    Ok(Exit::Ok)
}

/// Asks a person for the name; without one to ask, says how to do without.
fn confirm(name: &str, count: u64) -> anyhow::Result<()> {
    let stdin = std::io::stdin();
    let experiences = count_of(count, "experience");
    if !stdin.is_terminal() {
        let message = format!("deleting `{name}` removes {experiences} for good; pass --yes to confirm");
        return Err(CliError::Usage(message).into());
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "This removes {experiences} for good. Type the name of the collective to confirm: ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    anyhow::ensure!(answer.trim() == name.trim(), "nothing was deleted: the answer was not `{name}`");
    Ok(())
}
