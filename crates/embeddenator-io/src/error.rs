//! Every way a call can fail, sorted by what the caller can do about it.

use std::io;
use std::path::PathBuf;

use crate::codec::Codec;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The error of every public call.
///
/// `what` names the thing that was read or written, `offset` is the byte, from the start of the slice or stream that
/// the caller gave, where it stands. Of damaged bytes nothing was handed out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end too early: the file was cut, or is still being written.
    #[error(
        "{what} at byte {offset} needs {needed} bytes, but {remaining} are left: the data was cut, restore it"
    )]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where it begins.
        offset: u64,
        /// How many bytes it takes.
        needed: u64,
        /// How many there are.
        remaining: u64,
    },
    /// Bytes follow where the format ends: the wrong file, or two joined ones.
    #[error("{count} bytes follow the end of {what} at byte {offset}: pass exactly one, or restore the data")]
    TrailingBytes {
        /// What has ended.
        what: &'static str,
        /// Where it ended.
        offset: u64,
        /// How many bytes follow; for a stream, how many were looked at.
        count: u64,
    },
    /// The bytes are no such thing: another format, or its first bytes are damaged.
    #[error("no {what}: the first bytes are {found:02x?}; is this the right file?")]
    NotRecognised {
        /// What was expected.
        what: &'static str,
        /// What stands in place of the magic.
        found: [u8; 8],
    },
    /// A newer program wrote it, or the version is damaged.
    #[error("{what} has format version {found}, this program reads {supported}: use a newer program")]
    UnsupportedVersion {
        /// What was being read.
        what: &'static str,
        /// The version that it states.
        found: u16,
        /// The version that this crate reads.
        supported: u16,
    },
    /// A newer program wrote it, with a codec that this one does not know.
    #[error("{what} uses codec {found}, which this program does not know: use a newer program")]
    UnsupportedCodec {
        /// What was being read.
        what: &'static str,
        /// The number of the codec.
        found: u16,
    },
    /// A newer program wrote it, with something that this one does not know.
    #[error("{what} has flags {found:#06x}, which this program does not know: use a newer program")]
    UnsupportedFlags {
        /// What was being read.
        what: &'static str,
        /// The flags that it states.
        found: u16,
    },
    /// The codec was left out when the program was built.
    #[error("codec {codec} is not built in: enable the feature `{codec}` of embeddenator-io")]
    CodecNotBuilt {
        /// The codec.
        codec: Codec,
    },
    /// It is whole, but another thing than the caller expects.
    #[error("{what} is of kind {found}, expected {expected}: is this the right file?")]
    WrongKind {
        /// What was being read.
        what: &'static str,
        /// The kind that the caller gave.
        expected: u16,
        /// The kind that it states.
        found: u16,
    },
    /// Bytes have changed since they were written.
    #[error("the checksum of {what} at byte {offset} does not fit: the data is damaged, restore it")]
    ChecksumMismatch {
        /// What was being read.
        what: &'static str,
        /// Where it begins.
        offset: u64,
    },
    /// The bytes say what no writer of this format says.
    #[error("{what} at byte {offset} is malformed, {reason}: the data is damaged, restore it")]
    Malformed {
        /// What was being read.
        what: &'static str,
        /// Where it stands.
        offset: u64,
        /// Which rule is broken.
        reason: &'static str,
    },
    /// The codec refuses the stored bytes, though their checksum fits.
    #[error("{codec} cannot decode {what} at byte {offset}: the data is damaged, restore it: {source}")]
    Undecodable {
        /// What was being read.
        what: &'static str,
        /// Where the stored bytes begin.
        offset: u64,
        /// The codec that they are for.
        codec: Codec,
        /// What the codec said.
        source: io::Error,
    },
    /// A length or a count is beyond the limit of the caller or of the format; nothing was allocated for it.
    #[error("{what} is {value}, at most {limit} is allowed: raise the limit if the data is trusted")]
    LimitExceeded {
        /// What is limited, with its unit.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The limit.
        limit: u64,
    },
    /// An argument is outside of its range.
    #[error("{what} is {value}, but must be from {minimum} to {maximum}")]
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
    /// A name is none of those that there are.
    #[error("`{found}` is no {what}: use one of {known}")]
    UnknownName {
        /// What it should name.
        what: &'static str,
        /// The name.
        found: String,
        /// The names that there are.
        known: &'static str,
    },
    /// The container has no section of that kind, or more than the one that was asked for.
    #[error("{count} sections are of kind {kind}, expected one: is this the right file?")]
    SectionCount {
        /// The kind of the section.
        kind: u16,
        /// How many there are.
        count: usize,
    },
    /// There is no memory for a length within the limits.
    #[error("no memory for {what} of {bytes} bytes: lower the limit or free memory")]
    OutOfMemory {
        /// What it was for.
        what: &'static str,
        /// How many bytes.
        bytes: u64,
    },
    /// The codec failed to encode.
    #[error("{codec} cannot encode {bytes} bytes: {source}")]
    Encoding {
        /// The codec.
        codec: Codec,
        /// How many bytes it was given.
        bytes: u64,
        /// What the codec said.
        source: io::Error,
    },
    /// The caller's reader or writer failed.
    #[error("cannot {action}: {source}")]
    Stream {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// An earlier call failed, after which the state is unknown; open anew.
    #[error("{what} stopped at an earlier error: open it anew")]
    Stopped {
        /// Which reader or writer.
        what: &'static str,
    },
    /// The operating system refused a file operation; the file is as it was.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What stands at the path is no regular file, and is not replaced by one.
    #[error("{} is no regular file: name a file, or remove what is there", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file has its new content, but a power cut may still bring back the old one.
    #[error(
        "{} was replaced, but its directory cannot be synced, so a power cut may undo it: {source}",
        path.display()
    )]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl From<Error> for io::Error {
    /// Keeps the kind of an I/O error; damage is `InvalidData`, a cut `UnexpectedEof`.
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
