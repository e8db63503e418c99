//! Bringing a tree out as a tar archive, in path order, to anything that takes bytes.
//!
//! Headers are those of POSIX: what they have no room for is in pax records, which GNU tar and bsdtar read.

use std::collections::HashMap;
use std::io::Write;

use crate::entry::{Device, Entry, Metadata, Node, Timestamp};
use crate::error::{Error, Result};
use crate::path::EngramPath;
use crate::progress::{Phase, Progress, Warning};
use crate::tree::Tree;

const BLOCK_BYTES: usize = 512;

/// What was written to an archive.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ArchiveReport {
    /// Members that were written.
    pub entries: u64,
    /// Bytes of their data.
    pub bytes: u64,
    /// What an archive cannot hold.
    pub warnings: Vec<Warning>,
}

/// Writes those entries that are within one of `paths`, all if there are none.
pub(crate) fn archive(
    tree: &Tree<'_>,
    paths: &[EngramPath],
    output: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<ArchiveReport> {
    for path in paths {
        tree.entry(path)?;
    }
    progress.begin(Phase::Extract, if paths.is_empty() { tree.snapshot().bytes } else { 0 });
    let mut writer = Writer { output, report: ArchiveReport::default() };
    let mut first_of_group: HashMap<u32, EngramPath> = HashMap::new();
    for entry in tree.entries() {
        let entry = entry?;
        if !paths.is_empty() && !paths.iter().any(|path| entry.path.is_within(path)) {
            continue;
        }
        let first = entry.link_group.and_then(|group| first_of_group.get(&group));
        let written = match first {
            Some(first) => writer.link(&entry, first)?,
            None => writer.member(tree, &entry, progress)?,
        };
        if let Some(group) = entry.link_group
            && written
        {
            first_of_group.entry(group).or_insert(entry.path);
        }
    }
    writer.put(&[0; 2 * BLOCK_BYTES], "the end")?;
    writer.output.flush().map_err(|error| Error::of_system("write", "the archive", error))?;
    Ok(writer.report)
}

struct Writer<'a> {
    output: &'a mut dyn Write,
    report: ArchiveReport,
}

impl Writer<'_> {
    fn link(&mut self, entry: &Entry, first: &EngramPath) -> Result<bool> {
        self.head(entry, b'1', first.as_bytes(), (0, Device { major: 0, minor: 0 }))?;
        Ok(true)
    }

    /// Writes a member; says whether an archive can hold it.
    fn member(&mut self, tree: &Tree<'_>, entry: &Entry, progress: &dyn Progress) -> Result<bool> {
        let none = Device { major: 0, minor: 0 };
        match &entry.node {
            Node::File(content) => {
                self.head(entry, b'0', b"", (content.size, none))?;
                tree.read(entry, self.output)?;
                let rest = content.size.next_multiple_of(BLOCK_BYTES as u64) - content.size;
                self.put(&[0; BLOCK_BYTES][..rest as usize], "the data of a member")?;
                self.report.bytes += content.size;
                progress.advance(content.size);
            }
            Node::Directory => self.head(entry, b'5', b"", (0, none))?,
            Node::Symlink(target) => self.head(entry, b'2', target, (0, none))?,
            Node::CharacterDevice(device) => self.head(entry, b'3', b"", (0, *device))?,
            Node::BlockDevice(device) => self.head(entry, b'4', b"", (0, *device))?,
            Node::Fifo => self.head(entry, b'6', b"", (0, none))?,
            Node::Socket => {
                let message = "a tar archive cannot hold a socket".to_owned();
                self.report.warnings.push(Warning { path: entry.path.to_string(), message });
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes the header of an entry, with the pax records that it needs in front.
    fn head(&mut self, entry: &Entry, kind: u8, link: &[u8], (size, device): (u64, Device)) -> Result<()> {
        let mut path = match entry.path.as_bytes() {
            b"" => b".".to_vec(),
            path => path.to_vec(),
        };
        if kind == b'5' {
            path.push(b'/');
        }
        let mut head = Head::default();
        head.name(&path, "path", 0);
        head.name(link, "linkpath", 157);
        head.metadata(&entry.metadata);
        head.number("size", 124, 12, size);
        // The format has seven octal digits for these, which no system exceeds that tells them apart.
        head.octal(329, 8, u64::from(device.major));
        head.octal(337, 8, u64::from(device.minor));
        let Head { records, fields } = head;
        if !records.is_empty() {
            let mut before = Head::default();
            before.name(b"pax", "path", 0);
            before.metadata(&Metadata { mode: 0o644, ..Metadata::default() });
            before.octal(124, 12, records.len() as u64);
            self.put(&sealed(before.fields, b'x'), "a header")?;
            self.put(&records, "a header")?;
            let rest = records.len().next_multiple_of(BLOCK_BYTES) - records.len();
            self.put(&[0; BLOCK_BYTES][..rest], "a header")?;
        }
        self.put(&sealed(fields, kind), "a header")?;
        self.report.entries += 1;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8], what: &'static str) -> Result<()> {
        self.output
            .write_all(bytes)
            .map_err(|error| Error::of_system("write", format!("{what} of the archive"), error))
    }
}

/// A header that is being filled, and the records for what it has no room for.
struct Head {
    fields: [u8; BLOCK_BYTES],
    records: Vec<u8>,
}

impl Default for Head {
    fn default() -> Self {
        Self { fields: [0; BLOCK_BYTES], records: Vec::new() }
    }
}

impl Head {
    fn name(&mut self, name: &[u8], key: &str, at: usize) {
        let fits = name.len().min(100);
        self.fields[at..at + fits].copy_from_slice(&name[..fits]);
        if name.len() > 100 {
            self.record(key, name);
        }
    }

    fn metadata(&mut self, metadata: &Metadata) {
        self.octal(100, 8, u64::from(metadata.mode));
        self.number("uid", 108, 8, u64::from(metadata.uid));
        self.number("gid", 116, 8, u64::from(metadata.gid));
        let Timestamp { seconds, nanoseconds } = metadata.mtime;
        let in_header = u64::try_from(seconds).unwrap_or(0).min(0o777_7777_7777);
        self.octal(136, 12, in_header);
        if nanoseconds > 0 || in_header.cast_signed() != seconds {
            self.record("mtime", metadata.mtime.to_string().as_bytes());
        }
        for xattr in &metadata.xattrs {
            let key = [b"SCHILY.xattr.", xattr.name.as_slice()].concat();
            self.record_bytes(&key, &xattr.value);
        }
    }

    /// A number in the header, or in a record if it has too many digits.
    fn number(&mut self, key: &str, at: usize, width: usize, value: u64) {
        let fits = value < 1 << (3 * (width - 1));
        self.octal(at, width, if fits { value } else { 0 });
        if !fits {
            self.record(key, value.to_string().as_bytes());
        }
    }

    fn octal(&mut self, at: usize, width: usize, value: u64) {
        let digits = format!("{value:0>width$o}", width = width - 1);
        let last = digits.as_bytes();
        self.fields[at..at + width - 1].copy_from_slice(&last[last.len() - (width - 1)..]);
    }

    fn record(&mut self, key: &str, value: &[u8]) {
        self.record_bytes(key.as_bytes(), value);
    }

    /// Appends a record; its length counts its own digits.
    fn record_bytes(&mut self, key: &[u8], value: &[u8]) {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while length != rest + length.to_string().len() {
            length = rest + length.to_string().len();
        }
        self.records.extend_from_slice(length.to_string().as_bytes());
        for part in [b" ", key, b"=", value, b"\n"] {
            self.records.extend_from_slice(part);
        }
    }
}

/// The header with its kind, magic and sum.
fn sealed(mut fields: [u8; BLOCK_BYTES], kind: u8) -> [u8; BLOCK_BYTES] {
    fields[156] = kind;
    fields[257..265].copy_from_slice(b"ustar\x0000");
    fields[148..156].fill(b' ');
    let sum: u32 = fields.iter().map(|byte| u32::from(*byte)).sum();
    fields[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    fields
}
