//! A checked reader of foreign bytes: the only code that slices them.

use crate::error::{Error, Result};

/// Reads little-endian numbers and runs of bytes from a slice, one after another.
///
/// Each call takes the name of what it reads, for use in errors, and fails with
/// [`Error::Truncated`] if too few bytes remain. A failed call reads nothing, so the cursor stays
/// where it was. No call allocates.
///
/// ```
/// use embeddenator_io::{Cursor, Error};
///
/// let bytes = [2, 0, 7, 8];
/// let mut cursor = Cursor::new(&bytes);
/// let count = cursor.u16("number of items")?;
/// let items = cursor.take(usize::from(count), "items")?;
/// assert_eq!(items, [7, 8]);
/// assert!(matches!(cursor.u32("sum"), Err(Error::Truncated { what: "sum", offset: 4, .. })));
/// cursor.finish("the list")?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    /// The offset of `rest`, counted from where errors count.
    offset: u64,
}

impl<'a> Cursor<'a> {
    /// A cursor at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::with_offset(bytes, 0)
    }

    /// A cursor at the first byte, which errors call byte `offset`: for bytes that are part of
    /// something larger.
    pub fn with_offset(bytes: &'a [u8], offset: u64) -> Self {
        Self { rest: bytes, offset }
    }

    /// The offset of the next byte.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes remain.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Takes the next `count` bytes.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.truncated(count as u64, what));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(count as u64);
        Ok(taken)
    }

    /// Takes as many bytes as a stored length says, even if that exceeds `usize`.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn take_u64(&mut self, count: u64, what: &'static str) -> Result<&'a [u8]> {
        match usize::try_from(count) {
            Ok(count) => self.take(count, what),
            Err(_) => Err(self.truncated(count, what)),
        }
    }

    /// Takes `count` items of `item_bytes` bytes each. After that a list of `count` items is safe
    /// to allocate: there are at least as many bytes as items.
    ///
    /// # Errors
    /// [`Error::Truncated`] if there are fewer bytes; [`Error::Malformed`] for items of zero bytes,
    /// any number of which would fit.
    pub fn items(&mut self, count: u64, item_bytes: usize, what: &'static str) -> Result<&'a [u8]> {
        if item_bytes == 0 && count > 0 {
            return Err(Error::Malformed {
                what,
                offset: self.offset,
                reason: "its items are zero bytes long",
            });
        }
        self.take_u64(count.saturating_mul(item_bytes as u64), what)
    }

    /// Takes the next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N]> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(N as u64, what));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(N as u64);
        Ok(*taken)
    }

    /// Takes `count` bytes that must be zero, such as padding.
    ///
    /// # Errors
    /// [`Error::Malformed`] at the first byte that is not zero; [`Error::Truncated`] if there are
    /// fewer.
    pub fn zeros(&mut self, count: usize, what: &'static str) -> Result<()> {
        let mut behind = self.clone();
        let taken = behind.take(count, what)?;
        if let Some(at) = taken.iter().position(|&byte| byte != 0) {
            let offset = self.offset.saturating_add(at as u64);
            return Err(Error::Malformed { what, offset, reason: "a reserved byte is not zero" });
        }
        *self = behind;
        Ok(())
    }

    /// Takes a byte.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn u8(&mut self, what: &'static str) -> Result<u8> {
        Ok(u8::from_le_bytes(self.array(what)?))
    }

    /// Takes a `u16`.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn u16(&mut self, what: &'static str) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    /// Takes a `u32`.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn u32(&mut self, what: &'static str) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// Takes a `u64`.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn u64(&mut self, what: &'static str) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// Takes an `i32` in two's complement.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn i32(&mut self, what: &'static str) -> Result<i32> {
        Ok(i32::from_le_bytes(self.array(what)?))
    }

    /// Takes an `i64` in two's complement.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn i64(&mut self, what: &'static str) -> Result<i64> {
        Ok(i64::from_le_bytes(self.array(what)?))
    }

    /// Takes an IEEE 754 binary32; every bit pattern is accepted, NaN included.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn f32(&mut self, what: &'static str) -> Result<f32> {
        Ok(f32::from_le_bytes(self.array(what)?))
    }

    /// Takes an IEEE 754 binary64; every bit pattern is accepted, NaN included.
    ///
    /// # Errors
    /// [`Error::Truncated`] if too few bytes remain.
    pub fn f64(&mut self, what: &'static str) -> Result<f64> {
        Ok(f64::from_le_bytes(self.array(what)?))
    }

    /// Takes everything that remains.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = std::mem::take(&mut self.rest);
        self.offset = self.offset.saturating_add(rest.len() as u64);
        rest
    }

    /// Checks that nothing remains; `what` names the thing that ends here.
    ///
    /// # Errors
    /// [`Error::TrailingBytes`] if bytes remain.
    pub fn finish(self, what: &'static str) -> Result<()> {
        match self.rest.len() as u64 {
            0 => Ok(()),
            count => Err(Error::TrailingBytes { what, offset: self.offset, count }),
        }
    }

    fn truncated(&self, needed: u64, what: &'static str) -> Error {
        Error::Truncated { what, offset: self.offset, needed, remaining: self.rest.len() as u64 }
    }
}
