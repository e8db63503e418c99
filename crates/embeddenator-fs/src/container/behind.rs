//! A block of a manifest that is compressed behind other blocks, as it is stored.

use embeddenator_io::{
    ByteWriter, Codec, Compression, ContentHash, Cursor, Decoder, Encoded, Encoder, Error, Result,
};

use crate::container::blob::{REFERENCE_BYTES, Reference};
use crate::limits::{BLOB_BYTES_MAX, BLOCK_BASES_MAX};

const WHAT: &str = "a block of the manifest behind others";

/// The blocks that one is behind, and its bytes.
#[derive(Debug)]
pub(crate) struct Behind<'a> {
    pub(crate) bases: Vec<Reference>,
    raw_length: u32,
    stored: &'a [u8],
    offset: u64,
}

/// The bytes of a block behind `bases`; nothing if the codec makes nothing of them.
pub(crate) fn write(
    block: &[u8],
    bases: &[(Reference, &[u8])],
    compression: Compression,
) -> Result<Option<Vec<u8>>> {
    let prefix: Vec<u8> = bases.iter().flat_map(|(_, content)| content.iter().copied()).collect();
    let mut encoder = Encoder::new(compression)?;
    let (codec, stored) = encoder.encode_with_prefix(block, &prefix)?;
    if codec != Codec::Zstd || bases.len() > BLOCK_BASES_MAX {
        return Ok(None);
    }
    let mut writer = ByteWriter::with_capacity(8 + REFERENCE_BYTES * bases.len() + stored.len());
    writer.u32(bases.len() as u32).u32(block.len() as u32);
    for (base, _) in bases {
        base.write(&mut writer);
    }
    writer.bytes(stored);
    Ok(Some(writer.into_bytes()))
}

impl<'a> Behind<'a> {
    /// Reads what a reference at byte `offset` leads to.
    pub(crate) fn read(bytes: &'a [u8], offset: u64) -> Result<Self> {
        let mut cursor = Cursor::with_offset(bytes, offset);
        let malformed = |reason| Error::Malformed { what: WHAT, offset, reason };
        let (count, raw_length) = (cursor.u32(WHAT)?, cursor.u32(WHAT)?);
        if count == 0 || count as usize > BLOCK_BASES_MAX {
            return Err(malformed("it is behind no block, or too many"));
        }
        if u64::from(raw_length) > BLOB_BYTES_MAX {
            return Err(malformed("it is longer than 64 MiB"));
        }
        let bases = (0..count).map(|_| Reference::read(&mut cursor)).collect::<Result<Vec<_>>>()?;
        // So that there is no circle, and reading one reads so many at most.
        if bases.iter().any(|base| base.behind) {
            return Err(malformed("it is behind a block that is behind others itself"));
        }
        let stored = cursor.take(cursor.remaining(), WHAT)?;
        Ok(Self { bases, raw_length, stored, offset })
    }

    /// The block, where `prefix` is the blocks that it is behind, joined, and `hash` its own.
    pub(crate) fn decode(&self, prefix: &[u8], hash: ContentHash) -> Result<Vec<u8>> {
        let encoded = Encoded {
            codec: Codec::Zstd,
            stored: self.stored,
            raw_length: u64::from(self.raw_length),
            what: WHAT,
            offset: self.offset,
        };
        let mut block = Vec::new();
        Decoder::default().decode_with_prefix(encoded, prefix, &mut block)?;
        if ContentHash::of(&block) != hash {
            return Err(Error::ChecksumMismatch { what: WHAT, offset: self.offset });
        }
        Ok(block)
    }
}
