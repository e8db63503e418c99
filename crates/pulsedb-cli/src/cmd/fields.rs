//! What commands are given about a record: flags, files and standard input, as fields of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::Context;
use pulsedb::Timestamp;
use pulsedb::limits::CONTENT_BYTES_MAX;

use crate::args::FieldArgs;
use crate::exit::{CliError, Exit};
use crate::import::draft::Defaults;
use crate::import::encoding::{Decoded, Flaw, Text, decode};
use crate::text::printable_line;
use crate::time;
use crate::time::reading::moment_or_span;

/// Bytes of a vector: the greatest dimension with all the digits that a number can have takes far less.
const VECTOR_BYTES_MAX: u64 = 16 << 20;

/// The flags as defaults.
pub(crate) fn defaults(args: FieldArgs) -> anyhow::Result<Defaults> {
    let FieldArgs { importance, confidence, domain, tags, agent, duplicates } = args;
    let duplicate = duplicates.into();
    Ok(Defaults { agent, domain, tags: tag_map(tags)?, importance, confidence, duplicate })
}

/// Tags by key; one given more than once is refused, because all but one would be lost.
pub(crate) fn tag_map(tags: Vec<(String, String)>) -> anyhow::Result<BTreeMap<String, String>> {
    let mut map = BTreeMap::new();
    for (key, value) in tags {
        if map.contains_key(&key) {
            return Err(CliError::Usage(format!("the tag `{key}` is given more than once")).into());
        }
        map.insert(key, value);
    }
    Ok(map)
}

/// The end of a record from its flag, which must be to come.
pub(crate) fn end(text: Option<String>) -> anyhow::Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    let now = Timestamp::now();
    let end = moment_or_span(&text, now).map_err(CliError::Usage)?;
    if end <= now {
        let message = format!(
            "`--expires {text}` is in the past ({}), so it would be gone at once; name a time to come or a span such as \
             12h or 30d",
            time::display(end)
        );
        return Err(CliError::Usage(message).into());
    }
    Ok(Some(end))
}

/// A vector from a file, or from standard input for `-`.
pub(crate) fn vector(path: &Path) -> anyhow::Result<Vec<f32>> {
    let reader: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?)
    };
    let mut bytes = Vec::new();
    BufReader::new(reader)
        .take(VECTOR_BYTES_MAX)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let text = match decode(&bytes) {
        Decoded::Text(text) => text.content,
        Decoded::Empty | Decoded::Nuls(_) | Decoded::Binary => String::new(),
    };
    serde_json::from_str(&text).with_context(|| format!("{} is not a JSON array of numbers", path.display()))
}

/// The text that standard input holds, with what of it could not be read. It is read up to a little beyond the limit at
/// the most: then the database refuses it.
pub(crate) fn standard_input() -> anyhow::Result<(String, Vec<Flaw>)> {
    let mut bytes = Vec::new();
    // A character of UTF-16 takes two bytes where UTF-8 may take one.
    let room = 2 * CONTENT_BYTES_MAX as u64 + 4;
    std::io::stdin().lock().take(room).read_to_end(&mut bytes).context("cannot read standard input")?;
    match decode(&bytes) {
        Decoded::Text(Text { content: mut text, flaws, .. }) => {
            // The line end that the shell adds is not part of what is said.
            text.truncate(text.trim_end_matches('\n').len());
            Ok((text, flaws))
        }
        Decoded::Empty if bytes.trim_ascii().is_empty() => Ok((String::new(), Vec::new())),
        Decoded::Empty | Decoded::Nuls(_) | Decoded::Binary => anyhow::bail!("standard input is not text"),
    }
}

/// Names what could not be read of standard input on standard error, and says how the command ends.
pub(crate) fn write_flaws(flaws: &[Flaw]) -> Exit {
    for flaw in flaws {
        eprintln!("standard input, line {}: {}", flaw.line, printable_line(&flaw.reason));
    }
    if flaws.is_empty() { Exit::Ok } else { Exit::Failure }
}
