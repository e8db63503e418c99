//! What a commit does to the index, step by step, as the events of `tracing` tell it.
#![cfg(target_os = "linux")]

use std::fmt;
use std::sync::OnceLock;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The steps, by what their events say.
pub(crate) const STEPS: [&str; 4] =
    ["sealed a block", "began a merge", "took a step of a merge", "ended a merge"];

static SAID: OnceLock<fn(&str)> = OnceLock::new();

/// Calls a function at each step of any thread, before the transaction is committed. Once in a process.
pub(crate) fn watch(on_step: fn(&str)) {
    SAID.set(on_step).expect("steps are watched once");
    tracing::subscriber::set_global_default(Steps).expect("nobody else listens");
}

struct Steps;

impl Subscriber for Steps {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("pulsedb::storage::write")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words::default();
        event.record(&mut words);
        if STEPS.contains(&words.message.as_str()) {
            let step = words.step.map_or(words.message.clone(), |step| format!("{}: {step}", words.message));
            SAID.get().expect("it is set before this listens")(&step);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Words {
    message: String,
    step: Option<u64>,
}

impl Visit for Words {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "step" {
            self.step = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
