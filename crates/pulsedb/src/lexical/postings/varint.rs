//! Numbers in as few bytes as they need: seven bits a byte, the lowest first, a set high bit if more follow.

/// Appends a number.
pub(super) fn put(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes a number off the front of bytes; `None` if they end in it, or it is longer than it need be.
#[inline]
pub(super) fn take(bytes: &mut &[u8]) -> Option<u32> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        *bytes = rest;
        return Some(u32::from(first));
    }
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            *bytes = bytes.get(at + 1..)?;
            return (byte != 0).then_some(u32::try_from(value).ok()?);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{put, take};

    #[test]
    fn numbers_come_back_in_the_fewest_bytes() {
        for (value, size) in [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (u32::MAX, 5)] {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            assert_eq!(bytes.len(), size);
            for end in 0..size {
                assert_eq!(take(&mut &bytes[..end]), None);
            }
            bytes.push(0xff);
            let mut rest = bytes.as_slice();
            assert_eq!(take(&mut rest), Some(value));
            assert_eq!(rest, [0xff]);
        }
    }

    #[test]
    fn other_spellings_of_a_number_are_refused() {
        for bytes in [&[0x80, 0][..], &[0xff, 0xff, 0xff, 0xff, 0x1f], &[0xff; 6]] {
            assert_eq!(take(&mut &*bytes), None, "{bytes:?}");
        }
    }
}
