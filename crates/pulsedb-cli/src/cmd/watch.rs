//! `watch`: every change as it is committed, by any process, shown or handed to a command.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::Context;
use pulsedb::{Experience, ExperienceId, PulseDB, StreamEnd, WatchEvent, WatchEventType, WatchFilter};
use serde::Serialize;

use crate::args::WatchArgs;
use crate::database::Target;
use crate::exit::{CliError, Exit};
use crate::json::{ExperienceJson, Moment};
use crate::output::{FAINT, Out, STRONG};
use crate::text::{printable_line, shorten_head};
use crate::{kind, time};

/// A change, written.
#[derive(Debug, Serialize)]
struct ChangeJson<'a> {
    sequence: u64,
    event: &'static str,
    id: ExperienceId,
    collective: &'a str,
    timestamp: Moment,
    experience: Option<ExperienceJson<'a>>,
}

pub(crate) fn run(target: &Target, args: WatchArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let collective = target.collective(&db)?;
    let filter = WatchFilter {
        domains: (!args.domain.is_empty()).then_some(args.domain),
        experience_types: (!args.kinds.is_empty())
            .then(|| args.kinds.iter().map(|kind| kind.0.into()).collect()),
        min_importance: args.min_importance,
    };
    let since = args.since.unwrap_or_else(|| db.get_current_sequence());
    let stream = db.watch_from(collective, filter, since)?;
    let mut exit = Exit::Ok;
    let mut left = args.limit.unwrap_or(u64::MAX);
    while left > 0 {
        let Some(event) = stream.recv() else {
            ended(target, stream.end())?;
            return Ok(exit);
        };
        left -= 1;
        // It may have been changed again, or be gone, since then.
        let experience = db.get_experience(event.experience_id)?;
        let change = ChangeJson {
            sequence: event.sequence,
            event: name(event.event_type),
            id: event.experience_id,
            collective: &target.collective,
            timestamp: Moment(event.timestamp),
            experience: experience.as_ref().map(|it| ExperienceJson::new(it, &target.collective, false)),
        };
        match &args.exec {
            Some(command) if !execute(command, &db, &change)? => exit = Exit::Failure,
            Some(_) => {}
            None if args.json => out.json_line(&change)?,
            None => write_line(out, &event, experience.as_ref())?,
        }
        out.flush()?;
    }
    Ok(exit)
}

/// What the end of a stream means to the user.
fn ended(target: &Target, end: Option<StreamEnd>) -> anyhow::Result<()> {
    match end {
        Some(StreamEnd::Failed(error)) => Err(error).context("the database cannot be watched any more"),
        Some(StreamEnd::ChangesGone { oldest }) => Err(pulsedb::PulseDBError::ChangesGone { oldest }.into()),
        Some(StreamEnd::CollectiveGone) => {
            let message = format!("the collective `{}` was deleted", printable_line(&target.collective));
            Err(CliError::NotFound(message).into())
        }
        Some(StreamEnd::Closed) | None => Ok(()),
    }
}

fn name(event: WatchEventType) -> &'static str {
    match event {
        WatchEventType::Created => "created",
        WatchEventType::Updated => "updated",
        WatchEventType::Archived => "archived",
        WatchEventType::Deleted => "deleted",
    }
}

fn write_line(out: &mut Out, event: &WatchEvent, experience: Option<&Experience>) -> anyhow::Result<()> {
    let (number, what, id) = (event.sequence, name(event.event_type), event.experience_id);
    let when = time::display(event.timestamp);
    write!(out, "{FAINT}{number:>8}  {when}{FAINT:#}  {STRONG}{what:<8}{STRONG:#}  {id}")?;
    if let Some(experience) = experience {
        let label = printable_line(&kind::label(&experience.experience_type));
        let content = shorten_head(&printable_line(&experience.content), out.width);
        write!(out, "  {label}: {content}")?;
    }
    writeln!(out)?;
    Ok(())
}

/// Runs a command for a change and waits for it; whether it succeeded.
fn execute(command: &str, db: &PulseDB, change: &ChangeJson<'_>) -> anyhow::Result<bool> {
    let mut line = serde_json::to_vec(change)?;
    line.push(b'\n');
    let mut child = shell(command)
        .env("PULSEDB_DB", db.path())
        .env("PULSEDB_COLLECTIVE", change.collective)
        .env("PULSEDB_EVENT", change.event)
        .env("PULSEDB_ID", change.id.to_string())
        .env("PULSEDB_SEQUENCE", change.sequence.to_string())
        .stdin(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{command}`"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read its input closes it, which is its own affair.
        let _ = stdin.write_all(&line);
    }
    let status = child.wait().with_context(|| format!("cannot wait for `{command}`"))?;
    if !status.success() {
        eprintln!("note: the command failed for change {} with {status}", change.sequence);
    }
    Ok(status.success())
}

#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.args(["/C", command]);
    shell
}
