//! Pax records: what a header has no room for, as `LENGTH KEY=VALUE` lines.

use crate::entry::{Timestamp, Xattr};

/// What pax records say of a member.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<Timestamp>,
    pub(super) xattrs: Vec<Xattr>,
    pub(super) sparse: bool,
}

const BROKEN: &str = "a pax record is not `LENGTH KEY=VALUE`";

impl Records {
    /// Reads records; keys that say nothing of what is kept are left out.
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self, &'static str> {
        let mut records = Self::default();
        while !bytes.is_empty() {
            let blank = bytes.iter().position(|byte| *byte == b' ').ok_or(BROKEN)?;
            let length = decimal(bytes.get(..blank).unwrap_or_default()).ok_or(BROKEN)?;
            let length =
                usize::try_from(length).ok().filter(|length| (blank + 1..=bytes.len()).contains(length));
            let (record, rest) = bytes.split_at(length.ok_or(BROKEN)?);
            let record =
                record.get(blank + 1..).and_then(|record| record.strip_suffix(b"\n")).ok_or(BROKEN)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or(BROKEN)?;
            let (key, value) = record.split_at(equals);
            records.take(key, value.get(1..).unwrap_or_default())?;
            bytes = rest;
        }
        Ok(records)
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        let number = || decimal(value).ok_or("a number of a pax record is none");
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(number()?),
            b"uid" => self.uid = Some(number()?),
            b"gid" => self.gid = Some(number()?),
            b"mtime" => self.mtime = Some(moment(value).ok_or("a time of a pax record is none")?),
            _ if key.starts_with(b"GNU.sparse.") => self.sparse = true,
            _ => {
                if let Some(name) = key.strip_prefix(b"SCHILY.xattr.")
                    && !name.is_empty()
                {
                    self.xattrs.push(Xattr { name: name.to_vec(), value: value.to_vec() });
                }
            }
        }
        Ok(())
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

/// Seconds since 1970 with a fraction, of which nanoseconds are kept; before 1970 with a sign.
fn moment(value: &[u8]) -> Option<Timestamp> {
    let (negative, value) = match value.strip_prefix(b"-") {
        Some(value) => (true, value),
        None => (false, value),
    };
    let mut parts = value.splitn(2, |byte| *byte == b'.');
    let seconds = i64::try_from(decimal(parts.next()?)?).ok()?;
    let fraction = parts.next().unwrap_or_default();
    let mut nanoseconds = 0;
    for at in 0..9 {
        let digit = fraction.get(at).copied().unwrap_or(b'0');
        nanoseconds = nanoseconds * 10 + u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    Some(match (negative, nanoseconds) {
        (false, _) => Timestamp { seconds, nanoseconds },
        (true, 0) => Timestamp { seconds: -seconds, nanoseconds: 0 },
        (true, _) => Timestamp { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_may_hold_line_breaks() {
        let records =
            Records::read(b"13 path=a\nb=\n30 SCHILY.xattr.user.x=\n\0=1\n2\n").expect("are records");
        assert_eq!(records.path.as_deref(), Some(b"a\nb=".as_slice()));
        assert_eq!(records.xattrs, [Xattr { name: b"user.x".to_vec(), value: b"\n\0=1\n2".to_vec() }]);
    }

    #[test]
    fn broken_records_are_refused() {
        for bytes in
            [&b"x"[..], b"8 path=a\n", b"99 path=a\n", b"0 \n", b"5 a=b", b"6 abc\n", b"12 size=12x\n"]
        {
            assert!(Records::read(bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn moments_have_nanoseconds_and_signs() {
        let at = |seconds, nanoseconds| Some(Timestamp { seconds, nanoseconds });
        assert_eq!(moment(b"12"), at(12, 0));
        assert_eq!(moment(b"12.5"), at(12, 500_000_000));
        assert_eq!(moment(b"12.1234567899"), at(12, 123_456_789));
        assert_eq!(moment(b"-1.25"), at(-2, 750_000_000));
        assert_eq!(moment(b"1x"), None);
    }
}
