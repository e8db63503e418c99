//! The flags about records that are made, as the import and `record` need them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::Context;

use crate::args::FieldArgs;
use crate::exit::CliError;
use crate::import::draft::Defaults;
use crate::import::encoding::{Decoded, decode};

/// Bytes of a vector: the greatest dimension with all the digits that a number can have takes far less.
const VECTOR_BYTES_MAX: u64 = 16 << 20;

/// The flags as defaults.
pub(crate) fn defaults(args: FieldArgs) -> anyhow::Result<Defaults> {
    let FieldArgs { importance, confidence, domain, tags, agent } = args;
    Ok(Defaults { agent, domain, tags: tag_map(tags)?, importance, confidence })
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
