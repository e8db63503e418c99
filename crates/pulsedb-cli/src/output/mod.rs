//! Output for people: where it goes, how wide it is, how it is coloured.

pub(crate) mod experience;
pub(crate) mod explain;
pub(crate) mod snippet;
pub(crate) mod summary;
pub(crate) mod table;

use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::adapter::StripBytes;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// The numbers and places of a list.
pub(crate) const STRONG: Style = Style::new().bold();
/// What is there for reference.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What the query matched.
pub(crate) const MATCH: Style = AnsiColor::Yellow.on_default().bold();
/// Paths and sources.
pub(crate) const PLACE: Style = AnsiColor::Cyan.on_default();

/// Text is not spread wider than this: longer lines are hard to read.
const WIDTH_MAX: usize = 110;
/// The width when nobody says.
const WIDTH_DEFAULT: usize = 90;
/// The width of tables when nobody says: nothing has to fit a screen then.
const TABLE_WIDTH_DEFAULT: usize = 160;
/// Below it wrapping helps nobody.
const WIDTH_MIN: usize = 30;

/// Standard output: for people through [`Write`], with styles where they are wanted, and for programs as it is.
pub(crate) struct Out {
    raw: BufWriter<StdoutLock<'static>>,
    /// Takes the styles out; `None` where they are wanted.
    strip: Option<StripBytes>,
    /// Columns for running text.
    pub(crate) width: usize,
    /// Columns for tables of long rows.
    pub(crate) table_width: usize,
}

impl Out {
    pub(crate) fn new() -> Self {
        let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let is_plain = AutoStream::choice(&io::stdout()) == ColorChoice::Never;
        Self {
            raw: BufWriter::new(io::stdout().lock()),
            strip: is_plain.then(StripBytes::new),
            width: terminal.unwrap_or(WIDTH_DEFAULT).clamp(WIDTH_MIN, WIDTH_MAX),
            table_width: terminal.unwrap_or(TABLE_WIDTH_DEFAULT).max(WIDTH_DEFAULT),
        }
    }

    /// Writes a document on lines of its own, as `--json` does.
    pub(crate) fn json(&mut self, document: &impl Serialize) -> anyhow::Result<()> {
        serde_json::to_writer_pretty(&mut self.raw, document)?;
        self.raw.write_all(b"\n")?;
        Ok(())
    }

    /// Writes a document on one line.
    pub(crate) fn json_line(&mut self, document: &impl Serialize) -> anyhow::Result<()> {
        write_json_line(&mut self.raw, document)
    }

    /// Where lines for programs go.
    pub(crate) fn lines(&mut self) -> &mut impl Write {
        &mut self.raw
    }

    /// Hands everything to the system, which may refuse it.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        Ok(self.raw.flush()?)
    }
}

/// Writes a document on one line.
pub(crate) fn write_json_line(writer: &mut impl Write, document: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *writer, document)?;
    writer.write_all(b"\n")?;
    Ok(())
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.strip {
            None => self.raw.write_all(bytes)?,
            Some(strip) => strip.strip_next(bytes).try_for_each(|part| self.raw.write_all(part))?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.raw.flush()
    }
}
