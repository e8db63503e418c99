//! Bytes of flags: known bits, and bytes that are true or false.

/// Bits of the flag byte in rows of `slot` and `experience`.
pub(super) const ARCHIVED: u8 = 1;
pub(super) const HAS_TASK: u8 = 4;
pub(super) const SUPERSEDED: u8 = 8;
pub(super) const HAS_KEY: u8 = 16;
pub(super) const EXPIRES: u8 = 32;

/// Bit of the flag byte in rows of `relation`.
pub(super) const HAS_METADATA: u8 = 1;

pub(super) fn bit(on: bool, mask: u8) -> u8 {
    if on { mask } else { 0 }
}

/// The byte if it has no other bits than these: another one belongs to a format that this code does not know.
pub(super) fn known_bits(byte: u8, known: u8) -> Option<u8> {
    (byte & !known == 0).then_some(byte)
}

pub(super) fn flag(byte: u8) -> Option<bool> {
    match byte {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}
