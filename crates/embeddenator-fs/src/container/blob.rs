//! Blobs: tables and lists in envelopes, and the references that lead to them.

use embeddenator_io::{ByteWriter, Compression, ContentHash, Cursor, Envelope, Error, Kind, Limits, Result};

use crate::limits::BLOB_BYTES_MAX;

/// What a blob holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlobKind {
    Runs,
    Chunks,
    Signatures,
    ManifestBlock,
    ManifestIndex,
    Snapshots,
    Fingerprints,
    /// What a block of a manifest that is compressed behind others is kept in.
    BlockBehind,
}

impl BlobKind {
    fn kind(self) -> Kind {
        Kind(match self {
            Self::Runs => 1,
            Self::Chunks => 2,
            Self::Signatures => 3,
            Self::ManifestBlock => 4,
            Self::ManifestIndex => 5,
            Self::Snapshots => 6,
            Self::Fingerprints => 7,
            Self::BlockBehind => 8,
        })
    }

    /// What it is called in errors.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Runs => "the list of runs",
            Self::Chunks => "a table of chunks",
            Self::Signatures => "a table of signatures",
            Self::ManifestBlock => "a block of the manifest",
            Self::ManifestIndex => "the index of the manifest",
            Self::Snapshots => "the list of snapshots",
            Self::Fingerprints => "a table of fingerprints",
            Self::BlockBehind => "a block of the manifest behind others",
        }
    }
}

/// Where a blob is, and the hash of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Reference {
    pub(crate) offset: u64,
    pub(crate) length: u32,
    /// Whether it is a block of a manifest that is compressed behind others.
    pub(crate) behind: bool,
    pub(crate) hash: ContentHash,
}

/// Bytes of a reference.
pub(crate) const REFERENCE_BYTES: usize = 32;
const WHAT: &str = "a reference to a blob";

impl Reference {
    /// Appends its bytes.
    pub(crate) fn write(&self, writer: &mut ByteWriter) {
        writer.u64(self.offset).u32(self.length).u32(u32::from(self.behind)).bytes(&self.hash.0);
    }

    /// Reads one.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let (offset, length) = (cursor.u64(WHAT)?, cursor.u32(WHAT)?);
        let at = cursor.offset();
        let behind = match cursor.u32(WHAT)? {
            form @ (0 | 1) => form == 1,
            _ => return Err(Error::Malformed { what: WHAT, offset: at, reason: "it is of no known form" }),
        };
        Ok(Self { offset, length, behind, hash: ContentHash(cursor.array(WHAT)?) })
    }

    /// Where the blob ends.
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.length))
    }
}

/// The envelope of a content, and the hash that a reference to it has.
pub(crate) fn seal(
    kind: BlobKind,
    content: &[u8],
    compression: Compression,
) -> Result<(Vec<u8>, ContentHash)> {
    let length = content.len() as u64;
    if length > BLOB_BYTES_MAX {
        return Err(Error::LimitExceeded { what: kind.name(), value: length, limit: BLOB_BYTES_MAX });
    }
    Ok((Envelope::wrap(kind.kind(), content, compression)?, ContentHash::of(content)))
}

/// The content of the envelope that a reference leads to.
pub(crate) fn unseal(kind: BlobKind, envelope: &[u8], reference: &Reference) -> Result<Vec<u8>> {
    let limits = Limits { content_bytes_max: BLOB_BYTES_MAX, ..Limits::default() };
    let envelope =
        Envelope::read(envelope, kind.kind(), &limits).map_err(|error| at(error, reference.offset))?;
    // That of a block behind others is the hash of the block, which is compared when it is decoded.
    if kind != BlobKind::BlockBehind && envelope.header().content_hash != reference.hash {
        return Err(Error::ChecksumMismatch { what: kind.name(), offset: reference.offset });
    }
    Ok(envelope.content().map_err(|error| at(error, reference.offset))?.into_owned())
}

/// The error with its offset counted from the first byte of the file.
fn at(mut error: Error, start: u64) -> Error {
    match &mut error {
        Error::Truncated { offset, .. }
        | Error::TrailingBytes { offset, .. }
        | Error::ChecksumMismatch { offset, .. }
        | Error::Malformed { offset, .. }
        | Error::Undecodable { offset, .. } => *offset = offset.saturating_add(start),
        _ => {}
    }
    error
}
