//! The block of 512 bytes in front of each member of a tar archive.

use crate::entry::Device;

/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = 512;

/// What a header is in front of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A member of this kind.
    Member(u8),
    /// The path of the next member, by GNU tar.
    LongName,
    /// The target of the next member, by GNU tar.
    LongLink,
    /// Pax records of the next member.
    Records,
    /// Pax records of all members, which say nothing that is kept.
    GlobalRecords,
}

/// A header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) path: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) mode: u16,
    pub(super) uid: u64,
    pub(super) gid: u64,
    pub(super) size: u64,
    pub(super) mtime: i64,
    pub(super) device: Device,
}

impl Header {
    /// Reads a block that is not zeros; the error is the rule that it breaks.
    pub(super) fn read(block: &[u8; BLOCK_BYTES]) -> Result<Self, &'static str> {
        let field = |start: usize, length: usize| block.get(start..start + length).unwrap_or_default();
        let stated = number(field(148, 8)).ok_or("it is not a tar archive, or it is damaged")?;
        let sums = sums(block);
        if stated != sums.0 && stated != sums.1 {
            return Err("it is not a tar archive, or it is damaged");
        }
        let posix = field(257, 6) == b"ustar\0";
        let unsigned = |start, length| -> Result<u64, &'static str> {
            let value = number(field(start, length)).and_then(|value| u64::try_from(value).ok());
            value.ok_or("a number of a header is none")
        };
        let mut path = text(field(0, 100)).to_vec();
        let prefix = text(field(345, 155));
        if posix && !prefix.is_empty() {
            path = [prefix, &path].join(&b'/');
        }
        let part = |start| Ok::<_, &'static str>(u32::try_from(unsigned(start, 8)?).unwrap_or(u32::MAX));
        let kind = match block.get(156).copied().unwrap_or_default() {
            b'L' => Kind::LongName,
            b'K' => Kind::LongLink,
            b'x' => Kind::Records,
            b'g' => Kind::GlobalRecords,
            0 => Kind::Member(b'0'),
            kind => Kind::Member(kind),
        };
        let device = match kind {
            Kind::Member(b'3' | b'4') => Device { major: part(329)?, minor: part(337)? },
            _ => Device { major: 0, minor: 0 },
        };
        Ok(Self {
            kind,
            path,
            link: text(field(157, 100)).to_vec(),
            mode: (unsigned(100, 8)? & 0o7777) as u16,
            uid: unsigned(108, 8)?,
            gid: unsigned(116, 8)?,
            size: unsigned(124, 12)?,
            mtime: number(field(136, 12)).ok_or("a time of a header is none")?,
            device,
        })
    }
}

/// The bytes before the first zero.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, or, if its first bit is set, in the bytes themselves.
fn number(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => {
            let negative = first & 0x40 != 0;
            let start = if negative { -1_i64 } else { 0 };
            let first = i64::from(first & 0x3f) | if negative { !0x3f } else { 0 };
            let head = start.checked_mul(64)? | (first & 0x3f);
            field
                .iter()
                .skip(1)
                .try_fold(head, |value, byte| Some(value.checked_mul(256)? | i64::from(*byte)))
        }
        _ => {
            let digits: Vec<u8> = text(field).iter().copied().filter(|byte| *byte != b' ').collect();
            digits.iter().try_fold(0_i64, |value, digit| match digit {
                b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
                _ => None,
            })
        }
    }
}

/// The sums of the bytes, those of the sum's own field as blanks: as unsigned and, by some old programs, signed bytes.
fn sums(block: &[u8; BLOCK_BYTES]) -> (i64, i64) {
    let bytes =
        || block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { b' ' } else { *byte });
    (bytes().map(i64::from).sum(), bytes().map(|byte| i64::from(byte.cast_signed())).sum())
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   644 \0"), Some(0o644));
        assert_eq!(number(b"\0\0\0\0"), Some(0));
        assert_eq!(number(b"12x4\0"), None);
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]), Some(258));
        assert_eq!(number(&[0xff; 12]), Some(-1));
        assert_eq!(number(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]), Some(-256));
        assert_eq!(number(&[0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
