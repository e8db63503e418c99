//! Logging for binaries: `tracing` events on standard error, as text or as JSON lines.
//!
//! `EMBEDDENATOR_LOG` decides what is shown, or else `RUST_LOG`, or else the binary: a level
//! (`info`) or rules per target (`warn,embeddenator_retrieval=debug`). Text is coloured on a
//! terminal unless `NO_COLOR` is set and not empty. Nothing is written to standard output, which is
//! for data.

use std::io::IsTerminal as _;

use tracing::Dispatch;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::error::{Error, Result};
use crate::limits::FILTER_SHOWN_CHARACTERS;

/// The variable that is read first.
pub const LOG_VARIABLE: &str = "EMBEDDENATOR_LOG";

/// The variable that is read second, as usual for Rust programs.
pub const RUST_LOG_VARIABLE: &str = "RUST_LOG";

/// What a binary decides about its logging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logs<'a> {
    /// The format of a line.
    pub format: LogFormat,
    /// What to show when no variable says otherwise, such as `warn`.
    pub filter: &'a str,
    /// Whether each span logs an event when it closes, with the time it took.
    pub spans: bool,
}

impl Default for Logs<'_> {
    /// Text, warnings and errors, no spans.
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "warn", spans: false }
    }
}

/// The format of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: time, level, target, message. Line breaks in a message are kept.
    Text,
    /// For programs: one JSON object per line, with `timestamp`, `level` and `target`. The event's
    /// own fields and its `message` are inside `fields`, so that none can pass for one of those.
    /// Never coloured.
    JsonLines,
}

/// What logging depends on outside the program: environment variables and the terminal.
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
    /// Those of this process, now. Invalid Unicode in a variable is replaced.
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

/// Sends the events of the process to standard error. Call it once, at the start of `main`.
///
/// A line that cannot be written, because the pipe is closed or the disk is full, is lost; the
/// process goes on.
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
/// [`Error::LogFilter`] if the filter in force is invalid; [`Error::LogsInstalled`] if the process
/// already has a subscriber, from this crate or another. Nothing is changed then.
pub fn logs(logs: Logs<'_>) -> Result<()> {
    let receiver = receiver(logs, &Surroundings::of_process(), std::io::stderr)?;
    tracing::dispatcher::set_global_default(receiver).map_err(|_| Error::LogsInstalled)
}

/// The subscriber that [`logs`] installs, with the caller's writer and surroundings.
///
/// # Errors
/// [`Error::LogFilter`] if the filter in force is invalid.
pub fn receiver<W>(logs: Logs<'_>, surroundings: &Surroundings, writer: W) -> Result<Dispatch>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let spans = if logs.spans { FmtSpan::CLOSE } else { FmtSpan::NONE };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(logs.filter, surroundings)?)
        .with_span_events(spans)
        // It would report a failed write with `eprintln!`, which panics when standard error itself
        // is broken.
        .log_internal_errors(false)
        .with_writer(writer);
    Ok(match logs.format {
        LogFormat::Text => Dispatch::new(builder.with_ansi(surroundings.colours()).finish()),
        LogFormat::JsonLines => Dispatch::new(builder.with_ansi(false).json().finish()),
    })
}

/// The filter in force. An empty variable counts as unset.
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
