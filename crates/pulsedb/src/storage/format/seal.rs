//! The envelope of every stored value: version, flags and a checksum keyed with table and key.
//!
//! LMDB has no page checksums. The seal reveals a flipped bit in a value and, since table and key are part of the
//! checksum, a value under the wrong key.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::{PulseDBError, Result, StorageError};
use crate::limits;
use crate::storage::format::tables::Table;

/// Bytes before the payload: version, flags, 48 bits of checksum.
pub(crate) const SEAL_BYTES: usize = 8;
/// The layout version that this code writes, the same for all tables so far.
const VERSION: u8 = 1;
/// The checksum takes the other six bytes of the first word.
const CHECKSUM_SHIFT: u32 = 16;

/// Starts a sealed value in `buffer`: room for the seal, then the caller appends the payload.
pub(crate) fn begin(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.extend_from_slice(&[0; SEAL_BYTES]);
}

/// Finishes a value that [`begin`] started: writes the seal over the room that was left.
pub(crate) fn finish(table: Table, key: &[u8], buffer: &mut [u8]) {
    if let Some((room, payload)) = buffer.split_first_chunk_mut::<SEAL_BYTES>() {
        *room = seal_of(table, key, payload, VERSION, 0);
    }
}

/// The payload of a stored value, or the error that names table and key.
pub(crate) fn open<'v>(table: Table, key: &[u8], value: &'v [u8]) -> Result<&'v [u8]> {
    let Some((seal, payload)) = value.split_first_chunk::<SEAL_BYTES>() else {
        return Err(corrupted(table, key));
    };
    // A damaged length may reach beyond the end of the file, where a read would kill the process.
    if value.len() > limits::VALUE_BYTES_MAX {
        return Err(corrupted(table, key));
    }
    let [version, flags, ..] = *seal;
    if version != VERSION || flags != 0 || *seal != seal_of(table, key, payload, version, flags) {
        return Err(corrupted(table, key));
    }
    Ok(payload)
}

/// The payload, unchecked, for values that this process has checked before.
pub(crate) fn payload_unchecked(value: &[u8]) -> &[u8] {
    value.get(SEAL_BYTES..).unwrap_or_default()
}

/// A hash of where a value is stored.
pub(crate) fn place(table: Table, key: &[u8]) -> u64 {
    xxh3_64_with_seed(key, table as u64)
}

fn seal_of(table: Table, key: &[u8], payload: &[u8], version: u8, flags: u8) -> [u8; SEAL_BYTES] {
    let place = u64::from(table as u8) << 16 | u64::from(version) << 8 | u64::from(flags);
    let checksum = xxh3_64_with_seed(payload, xxh3_64_with_seed(key, place));
    (checksum << CHECKSUM_SHIFT | u64::from(flags) << 8 | u64::from(version)).to_le_bytes()
}

/// The error for a damaged value.
pub(crate) fn corrupted(table: Table, key: &[u8]) -> PulseDBError {
    StorageError::Corrupted { table: table.name(), key: hexadecimal(key) }.into()
}

/// A key as it is shown in messages.
pub(crate) fn hexadecimal(key: &[u8]) -> String {
    use std::fmt::Write;
    key.iter().fold(String::with_capacity(key.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(table: Table, key: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut buffer = Vec::new();
        begin(&mut buffer);
        buffer.extend_from_slice(payload);
        finish(table, key, &mut buffer);
        buffer
    }

    #[test]
    fn sealed_value_opens_under_its_own_table_and_key_only() {
        let value = sealed(Table::Log, b"key", b"payload");
        assert_eq!(open(Table::Log, b"key", &value).unwrap(), b"payload");
        assert!(open(Table::Slot, b"key", &value).is_err());
        assert!(open(Table::Log, b"kez", &value).is_err());
    }

    #[test]
    fn any_flipped_bit_and_any_truncation_is_found() {
        let value = sealed(Table::Vector, b"k", &[7; 40]);
        for bit in 0..value.len() * 8 {
            let mut damaged = value.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(open(Table::Vector, b"k", &damaged).is_err(), "bit {bit}");
        }
        for length in 0..value.len() {
            assert!(open(Table::Vector, b"k", &value[..length]).is_err(), "length {length}");
        }
    }
}
