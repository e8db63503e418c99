//! Makes the checksums of the byte formats of `embeddenator-io` and `embeddenator-vsa` fit, as far as the bytes reach.

use embeddenator_io::{Kind, Limits};
use xxhash_rust::xxh3::xxh3_64;

/// Limits that keep a run small.
pub const LIMITS: Limits = Limits {
    content_bytes_max: 1 << 20,
    frame_bytes_max: 1 << 16,
    stream_bytes_max: 1 << 20,
    sections_max: 64,
};

/// The kind that the bytes state, so that it is the expected one.
pub fn kind(bytes: &[u8]) -> Kind {
    Kind(number(bytes, 10, 2) as u16)
}

/// Seals a header of `length` bytes, whose last eight are its hash.
fn header(bytes: &mut [u8], length: usize) {
    if let Some(header) = bytes.get_mut(..length) {
        let (covered, check) = header.split_at_mut(length - 8);
        check.copy_from_slice(&hash(covered)[..8]);
    }
}

/// Seals a message of codes, and writes the length that its payload has.
pub fn codes(bytes: &mut [u8]) {
    if let Some((header, payload)) = bytes.split_at_mut_checked(64) {
        header[40..48].copy_from_slice(&(payload.len() as u64).to_le_bytes());
        header[48..56].copy_from_slice(&xxh3_64(payload).to_le_bytes());
        let sum = xxh3_64(&header[..56]);
        header[56..].copy_from_slice(&sum.to_le_bytes());
    }
}

/// Seals an envelope, behind which others may lie; the hash of the content too if it is not compressed.
pub fn envelope(bytes: &mut [u8]) {
    let stored_length = number(bytes, 24, 8) as usize;
    if bytes.len() >= 64 {
        let (head, rest) = bytes.split_at_mut(64);
        let hash = hash(rest.get(..stored_length).unwrap_or(rest));
        head[48..56].copy_from_slice(&hash[..8]);
        if head[14] == 0 {
            head[32..48].copy_from_slice(&hash[..16]);
        }
    }
    header(bytes, 64);
}

/// Seals a container of sections; those of the sections that lie inside.
pub fn sections(bytes: &mut [u8]) {
    let count = number(bytes, 16, 4).min(64) as usize;
    for entry in (0..count).map(|at| 64 + 40 * at) {
        let (start, length) = (number(bytes, entry + 8, 8), number(bytes, entry + 16, 8));
        let range = start as usize..start.saturating_add(length) as usize;
        if let Some(hash) = bytes.get(range).map(hash)
            && let Some(to) = bytes.get_mut(entry + 24..entry + 40)
        {
            to.copy_from_slice(&hash[..16]);
        }
    }
    if let Some(hash) = bytes.get(64..64 + 40 * count).map(hash) {
        bytes[32..48].copy_from_slice(&hash[..16]);
    }
    header(bytes, 64);
}

/// Seals a stream, frame by frame; the content's own hash is left as it is.
pub fn stream(bytes: &mut [u8]) {
    header(bytes, 32);
    let Some(mut chain) = bytes.get(..32).map(hash) else { return };
    let mut at = 32;
    while bytes.len() >= at + 32 {
        let end = (at as u64 + 32 + number(bytes, at + 8, 4)) as usize;
        let Some(stored) = bytes.get(at + 32..end) else { return };
        let mut hasher = blake3::Hasher::new();
        hasher.update(&chain[..16]).update(&bytes[at..at + 16]).update(stored);
        chain = hasher.finalize().into();
        bytes[at + 16..at + 32].copy_from_slice(&chain[..16]);
        at = end;
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    blake3::hash(bytes).into()
}

/// The little-endian number of `length` bytes at `offset`; 0 if it is not there.
fn number(bytes: &[u8], offset: usize, length: usize) -> u64 {
    let bytes = bytes.get(offset..offset + length).unwrap_or_default();
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}
