//! Finding the footer that holds: by the superblocks, or, if one is damaged, by looking for it.

use std::fs::File;
use std::io;
use std::path::Path;

use embeddenator_io::Error as Bytes;

use crate::container::footer::{FOOTER_ALIGNMENT, FOOTER_BYTES, Footer};
use crate::container::superblock::{FIRST_COMMIT, SUPERBLOCK_BYTES, Superblock};
use crate::error::{Error, Result};
use crate::platform::file;

/// Damage that did not stop a call, and what it means.
#[derive(Debug)]
pub struct Finding {
    /// What is lost or was restored.
    pub meaning: String,
    /// What was found.
    pub error: Error,
}

/// A footer, and whether it is the newest for certain.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) footer: Footer,
    pub(crate) findings: Vec<Finding>,
    /// Whether a newer commit is damaged, so that appending would overwrite it.
    pub(crate) rolled_back: bool,
}

/// Bytes that are looked through at once when a footer is searched.
const WINDOW: usize = 1 << 20;

/// Finds the footer that holds.
pub(crate) fn find_footer(opened: &File, path: &Path) -> Result<Found> {
    let failed = |error| Error::of_system("read", path, error);
    let length = opened.metadata().map_err(failed)?.len();
    let at = Place { file: opened, path, length };
    let slots = [at.superblock(0), at.superblock(1)];
    let mut findings = Vec::new();
    let mut valid: Vec<Superblock> = Vec::new();
    for (number, slot) in slots.into_iter().enumerate() {
        match slot {
            Ok(slot) => valid.push(slot),
            Err(error @ Error::Io { .. }) => return Err(error),
            Err(error) => {
                findings.push(Finding { meaning: format!("superblock {number} is damaged"), error });
            }
        }
    }
    valid.sort_by_key(|slot| std::cmp::Reverse(slot.sequence));
    valid.dedup();
    if !findings.is_empty()
        && let Some(footer) = at.search(valid.first())?
    {
        return Ok(Found { footer, findings, rolled_back: false });
    }
    if valid.is_empty() {
        let begin = at.read(0, length.min(8) as usize, "the beginning")?;
        if let Some(found) = Superblock::unlike(&begin) {
            let error = Bytes::NotRecognised { what: "engram", found };
            return Err(Error::of_bytes(path, "superblock 0", error));
        }
        return Err(findings.swap_remove(0).error);
    }
    let mut rolled_back = false;
    for slot in &valid {
        match at.footer_of(slot) {
            Ok(footer) => return Ok(Found { footer, findings, rolled_back }),
            Err(error @ Error::Io { .. }) => return Err(error),
            Err(error) => {
                rolled_back = true;
                let meaning = format!("commit {} is lost, and what it added", slot.sequence);
                findings.push(Finding { meaning, error });
            }
        }
    }
    Err(findings.pop().map_or_else(|| failed(io::ErrorKind::InvalidData.into()), |finding| finding.error))
}

struct Place<'a> {
    file: &'a File,
    path: &'a Path,
    length: u64,
}

impl Place<'_> {
    fn superblock(&self, slot: u64) -> Result<Superblock> {
        let offset = slot * SUPERBLOCK_BYTES as u64;
        let place = format!("superblock {slot}");
        let bytes = self.read(offset, SUPERBLOCK_BYTES, "a superblock")?;
        Superblock::read(&bytes, offset).map_err(|error| Error::of_bytes(self.path, place, error))
    }

    fn footer_of(&self, slot: &Superblock) -> Result<Footer> {
        let place = || format!("the footer of commit {}", slot.sequence);
        let bytes = self.read(slot.footer, FOOTER_BYTES, "a footer")?;
        let damaged = |error| Error::of_bytes(self.path, place(), error);
        let footer = Footer::read(&bytes, slot.footer).map_err(damaged)?;
        if footer.superblock() != *slot {
            let (what, offset) = ("a footer", slot.footer);
            return Err(damaged(Bytes::Malformed {
                what,
                offset,
                reason: "it is not that of its superblock",
            }));
        }
        Ok(footer)
    }

    /// The last footer behind that of `known`, of the same engram; without one, the last of the file.
    fn search(&self, known: Option<&Superblock>) -> Result<Option<Footer>> {
        let alignment = FOOTER_ALIGNMENT as u64;
        let least = known.map_or(FIRST_COMMIT, |known| known.footer.saturating_add(alignment));
        let mut end = self.length;
        while end > least {
            let start = end.saturating_sub(WINDOW as u64).max(least).next_multiple_of(alignment).min(end);
            let window = self.read(start, (end - start) as usize, "the commits")?;
            for (number, bytes) in window.chunks(FOOTER_ALIGNMENT).enumerate().rev() {
                let at = start + (number * FOOTER_ALIGNMENT) as u64;
                if Footer::begins(bytes)
                    && let Ok(footer) = self.read(at, FOOTER_BYTES, "a footer")
                    && let Ok(footer) = Footer::read(&footer, at)
                    && known.is_none_or(|known| footer.uuid == known.uuid && footer.sequence > known.sequence)
                {
                    return Ok(Some(footer));
                }
            }
            if start <= least {
                break;
            }
            end = start;
        }
        Ok(None)
    }

    fn read(&self, offset: u64, length: usize, what: &'static str) -> Result<Vec<u8>> {
        read_part(self.file, self.path, self.length, (offset, length as u64), what)
    }
}

/// Reads a part of a file, or says that it was cut.
pub(crate) fn read_part(
    opened: &File,
    path: &Path,
    file_length: u64,
    (offset, length): (u64, u64),
    what: &'static str,
) -> Result<Vec<u8>> {
    let remaining = file_length.saturating_sub(offset);
    let cut = || {
        let cut = Bytes::Truncated { what, offset, needed: length, remaining };
        Error::of_bytes(path, "the end of the file", cut)
    };
    if remaining < length {
        return Err(cut());
    }
    let mut bytes = vec![0; length as usize];
    match file::read_exact_at(opened, &mut bytes, offset) {
        Ok(()) => Ok(bytes),
        // It was cut since it was opened.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(cut()),
        Err(error) => Err(Error::of_system("read", path, error)),
    }
}
