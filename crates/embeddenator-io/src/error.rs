//! Every way a call can fail, sorted by what the caller can do about it.

use std::path::PathBuf;
use std::{fmt, io};

use crate::codec::Codec;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The error of every public call.
///
/// `what` names the thing that was read or written; `offset` is its position, counted from the
/// start of the caller's slice or stream. Nothing read from damaged bytes has been returned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end too early: the file is truncated, or is still being written.
    #[error(
        "{what} at byte {offset} needs {}, but {remaining} remain: the data is truncated, restore it from a copy",
        Bytes(*needed)
    )]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where it starts.
        offset: u64,
        /// How many bytes it needs.
        needed: u64,
        /// How many bytes remain.
        remaining: u64,
    },
    /// There are bytes after the end of the format: the wrong file, or two files joined together.
    #[error(
        "found {} after the end of {what} at byte {offset}: pass exactly one, or restore the data from a copy",
        Bytes(*count)
    )]
    TrailingBytes {
        /// What ends there.
        what: &'static str,
        /// Where it ends.
        offset: u64,
        /// How many bytes follow it; for a stream, how many of them were read.
        count: u64,
    },
    /// The bytes are something else: another format, or the first bytes are damaged.
    #[error("not a valid {what}: the first bytes are {found:02x?}; check that this is the right file")]
    NotRecognised {
        /// What was expected.
        what: &'static str,
        /// What was found in place of the magic.
        found: [u8; 8],
    },
    /// A newer program wrote it.
    #[error("{what} has format version {found}, but this program reads {supported}: use a newer program")]
    UnsupportedVersion {
        /// What was being read.
        what: &'static str,
        /// The version that it states.
        found: u16,
        /// The version that this crate reads.
        supported: u16,
    },
    /// A newer program wrote it with a codec that this one does not know.
    #[error("{what} uses codec {found}, which this program does not know: use a newer program")]
    UnsupportedCodec {
        /// What was being read.
        what: &'static str,
        /// The number of the codec.
        found: u16,
    },
    /// A newer program wrote it with flags that this one does not know.
    #[error("{what} has flags {found:#06x}, which this program does not know: use a newer program")]
    UnsupportedFlags {
        /// What was being read.
        what: &'static str,
        /// The flags that it states.
        found: u16,
    },
    /// The codec was left out of the build.
    #[error("codec {codec} is not built in: enable the feature `{codec}` of embeddenator-io")]
    CodecNotBuilt {
        /// The codec.
        codec: Codec,
    },
    /// It is intact, but not of the kind that the caller expects.
    #[error("{what} is of kind {found}, not {expected}: check that this is the right file")]
    WrongKind {
        /// What was being read.
        what: &'static str,
        /// The kind that the caller expects.
        expected: u16,
        /// The kind that it states.
        found: u16,
    },
    /// Bytes have changed since they were written.
    #[error(
        "the checksum of {what} at byte {offset} does not match: the data is damaged, restore it from a copy"
    )]
    ChecksumMismatch {
        /// What was being read.
        what: &'static str,
        /// Where it starts.
        offset: u64,
    },
    /// The bytes break a rule of the format.
    #[error("{what} at byte {offset} is malformed, {reason}: the data is damaged, restore it from a copy")]
    Malformed {
        /// What was being read.
        what: &'static str,
        /// Where it is.
        offset: u64,
        /// Which rule is broken.
        reason: &'static str,
    },
    /// The codec cannot decode the stored bytes, although their checksum matches.
    #[error(
        "cannot decode {what} at byte {offset} with {codec}: the data is damaged, restore it from a copy: {source}"
    )]
    Undecodable {
        /// What was being read.
        what: &'static str,
        /// Where the stored bytes start.
        offset: u64,
        /// The codec that encoded them.
        codec: Codec,
        /// The codec's error.
        source: io::Error,
    },
    /// A length or a count exceeds the limit of the caller or of the format; nothing was allocated
    /// for it.
    #[error("{what} is {value}, more than the limit of {limit}: raise the limit if you trust the data")]
    LimitExceeded {
        /// What is limited, with its unit.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// An argument is out of range.
    #[error("{what} is {value}: use {minimum} to {maximum}")]
    OutOfRange {
        /// Which argument.
        what: &'static str,
        /// Its value.
        value: i64,
        /// The least one.
        minimum: i64,
        /// The greatest one.
        maximum: i64,
    },
    /// A name is not one of the known ones.
    #[error("`{found}` is not a {what}: use one of {known}")]
    UnknownName {
        /// What it should name.
        what: &'static str,
        /// The name.
        found: String,
        /// The known names.
        known: &'static str,
    },
    /// The container does not have exactly one section of the kind that was asked for.
    #[error("expected one section of kind {kind}, but found {count}: check that this is the right file")]
    SectionCount {
        /// The kind of the section.
        kind: u16,
        /// How many there are.
        count: usize,
    },
    /// There is not enough memory for a length within the limits.
    #[error("cannot allocate {} for {what}: lower the limit or free some memory", Bytes(*bytes))]
    OutOfMemory {
        /// What it was for.
        what: &'static str,
        /// How many bytes.
        bytes: u64,
    },
    /// The codec failed to encode.
    #[error("cannot encode {} with {codec}: {source}", Bytes(*bytes))]
    Encoding {
        /// The codec.
        codec: Codec,
        /// How many bytes it was given.
        bytes: u64,
        /// The codec's error.
        source: io::Error,
    },
    /// The caller's reader or writer failed.
    #[error("cannot {action}: {source}")]
    Stream {
        /// What was attempted, as a verb phrase.
        action: &'static str,
        /// Its error.
        source: io::Error,
    },
    /// An earlier call failed, so the state is unknown; start over.
    #[error("{what} stopped after an earlier error: start over")]
    Stopped {
        /// Which reader or writer.
        what: &'static str,
    },
    /// The operating system refused a file operation; the file is as it was.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb phrase.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The path leads to something that is not a regular file, which is never replaced.
    #[error("{} is not a regular file: name a file, or remove what is there", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file has its new content, but a power cut may still bring the old content back.
    #[error(
        "{} was replaced, but its directory could not be synced, so a power cut may undo it: {source}",
        path.display()
    )]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl From<Error> for io::Error {
    /// Keeps the kind of an I/O error; damaged data is `InvalidData`, truncated data
    /// `UnexpectedEof`.
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Stream { source, .. } | Error::Io { source, .. } | Error::NotDurable { source, .. } => {
                source.kind()
            }
            Error::Truncated { .. } => io::ErrorKind::UnexpectedEof,
            Error::OutOfMemory { .. } => io::ErrorKind::OutOfMemory,
            Error::UnsupportedVersion { .. }
            | Error::UnsupportedCodec { .. }
            | Error::UnsupportedFlags { .. }
            | Error::CodecNotBuilt { .. } => io::ErrorKind::Unsupported,
            Error::OutOfRange { .. } | Error::UnknownName { .. } | Error::NotAFile { .. } => {
                io::ErrorKind::InvalidInput
            }
            Error::Encoding { .. } | Error::Stopped { .. } => io::ErrorKind::Other,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// A number of bytes in words, with the right plural.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 1 { f.write_str("1 byte") } else { write!(f, "{} bytes", self.0) }
    }
}
