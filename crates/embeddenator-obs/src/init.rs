//! Logs of a binary: `tracing` events to standard error, as text or as JSON lines.
//!
//! What is shown is said by `EMBEDDENATOR_LOG`, else by `RUST_LOG`, else by the binary: a level (`info`) or rules by
//! target (`warn,embeddenator_retrieval=debug`). Text is coloured on a terminal, unless `NO_COLOR` is set to
//! anything but nothing. Standard output is never written to: it is for data.

use std::io::IsTerminal as _;

use tracing::Dispatch;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::error::{Error, Result};
use crate::limits::FILTER_SHOWN_CHARACTERS;

/// The variable that is asked first.
pub const LOG_VARIABLE: &str = "EMBEDDENATOR_LOG";

/// The variable that is asked second, as programs in Rust do.
pub const RUST_LOG_VARIABLE: &str = "RUST_LOG";

/// What a binary decides about its logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logs<'a> {
    /// The form of a line.
    pub format: LogFormat,
    /// What is shown when no variable says otherwise, such as `warn`.
    pub filter: &'a str,
    /// Whether spans are events too, when they close, with the time that they took.
    pub spans: bool,
}

impl Default for Logs<'_> {
    /// Text, warnings and errors, no spans.
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "warn", spans: false }
    }
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: time, level, target, message. A line break within a message stays one.
    Text,
    /// For programs: one JSON object a line, with `timestamp`, `level` and `target`; the event's members are in
    /// `fields`, beside `message`, so that none can pass for one of those. Never coloured.
    JsonLines,
}

/// What the surroundings say: the environment's variables and the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The value of `EMBEDDENATOR_LOG`.
    pub embeddenator_log: Option<String>,
    /// The value of `RUST_LOG`.
    pub rust_log: Option<String>,
    /// The value of `NO_COLOR`.
    pub no_color: Option<String>,
    /// Whether standard error is a terminal.
    pub terminal: bool,
}

impl Surroundings {
    /// Those of this process, now. A variable that is not Unicode is read with replacement characters.
    pub fn of_process() -> Self {
        let read = |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        Self {
            embeddenator_log: read(LOG_VARIABLE),
            rust_log: read(RUST_LOG_VARIABLE),
            no_color: read("NO_COLOR"),
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Whether text is coloured.
    fn colours(&self) -> bool {
        self.terminal && self.no_color.as_deref().unwrap_or_default().is_empty()
    }
}

/// Sends the process's events to standard error. Call it once, first in `main`.
///
/// A line that cannot be written, because nobody reads the pipe or the disk is full, is lost; the process goes on.
///
/// ```
/// use embeddenator_obs::Error;
/// use embeddenator_obs::init::{self, Logs};
///
/// init::logs(Logs::default())?;
/// assert!(matches!(init::logs(Logs::default()), Err(Error::LogsInstalled)));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// [`Error::LogFilter`] if the filter in force cannot be read; [`Error::LogsInstalled`] if the process has a receiver
/// of events already, ours or another, which stays. Nothing is changed then.
pub fn logs(logs: Logs<'_>) -> Result<()> {
    let receiver = receiver(logs, &Surroundings::of_process(), std::io::stderr)?;
    tracing::dispatcher::set_global_default(receiver).map_err(|_| Error::LogsInstalled)
}

/// What [`logs`] installs, for a writer and surroundings of the caller's.
///
/// # Errors
/// [`Error::LogFilter`] if the filter in force cannot be read.
pub fn receiver<W>(logs: Logs<'_>, surroundings: &Surroundings, writer: W) -> Result<Dispatch>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let spans = if logs.spans { FmtSpan::CLOSE } else { FmtSpan::NONE };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(logs.filter, surroundings)?)
        .with_span_events(spans)
        // It would tell of a write that failed by `eprintln!`, which panics when standard error itself is broken.
        .log_internal_errors(false)
        .with_writer(writer);
    Ok(match logs.format {
        LogFormat::Text => Dispatch::new(builder.with_ansi(surroundings.colours()).finish()),
        LogFormat::JsonLines => Dispatch::new(builder.with_ansi(false).json().finish()),
    })
}

/// The filter in force. A variable that is set to nothing is as if it were not set.
fn filter(default: &str, surroundings: &Surroundings) -> Result<EnvFilter> {
    let set = |value: &'_ Option<String>| value.clone().filter(|value| !value.trim().is_empty());
    let (origin, value) = set(&surroundings.embeddenator_log)
        .map(|value| (LOG_VARIABLE, value))
        .or_else(|| set(&surroundings.rust_log).map(|value| (RUST_LOG_VARIABLE, value)))
        .unwrap_or_else(|| ("the option `filter`", default.to_owned()));
    EnvFilter::builder().parse(&value).map_err(|source| Error::LogFilter {
        origin,
        value: value.chars().take(FILTER_SHOWN_CHARACTERS).collect(),
        source: Box::new(source),
    })
}
