//! Paths inside an engram: relative, without a way out.

use std::cmp::Ordering;
use std::fmt;

use crate::error::{Error, Result};
use crate::limits::{NAME_BYTES_MAX, PATH_BYTES_MAX};

/// A path inside an engram: names joined by slashes, or nothing for the root.
///
/// Names are bytes as the file system has them, of any encoding. There is no such path with an empty name, `.`, `..`
/// or a zero byte, so joined to a directory it names something below it.
///
/// Paths are ordered as a tree is walked: a directory comes before what is in it, and that before its siblings.
///
/// ```
/// use embeddenator_fs::EngramPath;
///
/// let path = EngramPath::new("usr/include/stdio.h")?;
/// assert_eq!(path.name(), b"stdio.h");
/// assert!(EngramPath::new("../etc").is_err());
/// assert!(EngramPath::new("a/b")? < EngramPath::new("a-b")?);
/// # Ok::<(), embeddenator_fs::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct EngramPath {
    bytes: Box<[u8]>,
}

impl EngramPath {
    /// The root.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of these bytes.
    ///
    /// # Errors
    /// [`Error::InvalidPath`].
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self> {
        let bytes = bytes.as_ref();
        match broken_rule(bytes) {
            None => Ok(Self { bytes: bytes.into() }),
            Some(reason) => Err(Error::InvalidPath { path: bytes.escape_ascii().to_string(), reason }),
        }
    }

    /// The path that a person means: slashes at both ends and names `.` are taken out.
    ///
    /// # Errors
    /// [`Error::InvalidPath`].
    pub fn from_argument(argument: impl AsRef<[u8]>) -> Result<Self> {
        let names = argument.as_ref().split(|byte| *byte == b'/');
        let names: Vec<&[u8]> = names.filter(|name| !name.is_empty() && *name != b".").collect();
        Self::new(names.join(&b'/'))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Its last name; nothing for the root.
    pub fn name(&self) -> &[u8] {
        self.bytes.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// Its names from the root down.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
    }

    /// The directory that it is in; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let end = self.bytes.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Some(Self { bytes: self.bytes.get(..end).unwrap_or_default().into() })
    }

    /// The path of a name in this directory.
    ///
    /// # Errors
    /// [`Error::InvalidPath`].
    pub fn join(&self, name: &[u8]) -> Result<Self> {
        if self.is_root() {
            return Self::new(name);
        }
        Self::new([&self.bytes, name].join(&b'/'))
    }

    /// Whether it is `directory` or below it.
    pub fn is_within(&self, directory: &Self) -> bool {
        self.below(directory).is_some()
    }

    /// What is left of it below `directory`.
    pub fn below(&self, directory: &Self) -> Option<Self> {
        if directory.is_root() {
            return Some(self.clone());
        }
        let rest = self.bytes.strip_prefix(&*directory.bytes)?;
        match rest.split_first() {
            None => Some(Self::root()),
            Some((b'/', rest)) => Some(Self { bytes: rest.into() }),
            Some(_) => None,
        }
    }
}

/// Which rule bytes break that are no path.
pub(crate) fn broken_rule(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() {
        return None;
    }
    if bytes.len() > PATH_BYTES_MAX {
        return Some("it is longer than 32767 bytes");
    }
    if bytes.contains(&0) {
        return Some("it has a zero byte");
    }
    bytes.split(|byte| *byte == b'/').find_map(|name| match name {
        b"" => Some("one of its names is empty"),
        b"." | b".." => Some("one of its names is `.` or `..`"),
        name if name.len() > NAME_BYTES_MAX => Some("one of its names is longer than 1024 bytes"),
        _ => None,
    })
}

/// Compares the bytes of two paths in the order of the tree.
pub(crate) fn tree_order(left: &[u8], right: &[u8]) -> Ordering {
    let key = |byte: &u8| if *byte == b'/' { 0 } else { *byte };
    left.iter().map(key).cmp(right.iter().map(key))
}

impl Ord for EngramPath {
    fn cmp(&self, other: &Self) -> Ordering {
        tree_order(&self.bytes, &other.bytes)
    }
}

impl PartialOrd for EngramPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for EngramPath {
    /// UTF-8 as it is; other bytes and control characters as `\xNN`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.bytes.utf8_chunks() {
            for character in part.valid().chars() {
                if character.is_control() {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    write!(f, "{character}")?;
                }
            }
            write!(f, "{}", part.invalid().escape_ascii())?;
        }
        Ok(())
    }
}

impl fmt::Debug for EngramPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EngramPath(\"{self}\")")
    }
}
