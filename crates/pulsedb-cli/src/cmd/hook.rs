//! `hook`: an event of an agent's session, answered or recorded.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Context;

use crate::args::{Global, HookEvent};
use crate::database::Target;
use crate::exit::{self, Exit};
use crate::hook::event::Event;
use crate::hook::{offer, record};

/// Bytes of an event: the longest prompt that anybody pastes, with its escapes.
const EVENT_BYTES_MAX: u64 = 16 << 20;

/// Never fails the session: what goes wrong is said on standard error, and the exit code is that of success.
pub(crate) fn run(event: HookEvent, global: Global) -> Exit {
    match catch_unwind(AssertUnwindSafe(|| answer(event, global))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            exit::report(&error);
        }
        // The panic has said what it was.
        Err(_) => eprintln!("the hook gave up; the session goes on without it"),
    }
    Exit::Ok
}

fn answer(kind: HookEvent, global: Global) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(EVENT_BYTES_MAX)
        .read_to_end(&mut bytes)
        .context("cannot read standard input")?;
    let event = Event::read(&bytes)?;
    let target = Target::new(global.db, global.collective, global.map_size)?.at(&event.directory()?);
    let said = match kind {
        HookEvent::SessionStart => offer::at_start(&target, &event)?,
        HookEvent::Prompt => offer::about_prompt(&target, &event)?,
        HookEvent::PreCompact | HookEvent::Stop | HookEvent::SessionEnd => {
            record::turns(&target, &event)?;
            None
        }
    };
    if let Some(said) = said {
        let mut out = std::io::stdout().lock();
        serde_json::to_writer(&mut out, &said)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
