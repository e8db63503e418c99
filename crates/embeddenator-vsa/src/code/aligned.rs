//! Bytes that start at a cache line, without unsafe code.

/// Bytes in a cache line; also the alignment.
const LINE: usize = 64;

/// A growing buffer of bytes, signed or not, that starts at a cache line, so that no load of a row
/// crosses one.
///
/// The alignment only affects speed: results are right even if the allocator's pointer cannot be
/// aligned.
#[derive(Debug)]
pub(crate) struct AlignedBytes<T = u8> {
    /// Padding up to `start`, then the bytes.
    buffer: Vec<T>,
    start: usize,
}

impl<T: Copy + Default> AlignedBytes<T> {
    /// Empty, without an allocation.
    pub(crate) const EMPTY: AlignedBytes<T> = AlignedBytes { buffer: Vec::new(), start: 0 };

    /// Empty, with room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let mut buffer: Vec<T> = Vec::with_capacity(capacity.saturating_add(LINE));
        let offset = buffer.as_ptr().align_offset(LINE);
        let start = if offset < LINE { offset } else { 0 };
        buffer.resize(start, T::default());
        AlignedBytes { buffer, start }
    }

    /// This many zero bytes.
    pub(crate) fn zeroed(length: usize) -> Self {
        let mut bytes = Self::with_capacity(length);
        bytes.buffer.resize(bytes.start + length, T::default());
        bytes
    }

    /// The bytes.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        &self.buffer[self.start..]
    }

    /// The bytes, for changing.
    #[inline]
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.buffer[self.start..]
    }

    /// Appends zero bytes and returns them.
    pub(crate) fn extend_zeroed(&mut self, more: usize) -> &mut [T] {
        let length = self.as_slice().len();
        if self.buffer.len() + more > self.buffer.capacity() {
            // Growing in place would move the bytes to another alignment.
            let mut grown = Self::with_capacity((length + more).max(length * 2));
            grown.buffer.extend_from_slice(self.as_slice());
            *self = grown;
        }
        self.buffer.resize(self.start + length + more, T::default());
        &mut self.as_mut_slice()[length..]
    }

    /// Drops all bytes after the first `length`.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.buffer.truncate(self.start.saturating_add(length));
    }
}

impl<T: Copy + Default> Clone for AlignedBytes<T> {
    fn clone(&self) -> Self {
        if self.as_slice().is_empty() {
            return Self::EMPTY;
        }
        let mut clone = Self::with_capacity(self.as_slice().len());
        clone.buffer.extend_from_slice(self.as_slice());
        clone
    }
}

impl<T: Copy + Default + PartialEq> PartialEq for AlignedBytes<T> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<T: Copy + Default + Eq> Eq for AlignedBytes<T> {}

#[cfg(test)]
mod tests {
    use super::{AlignedBytes, LINE};

    #[test]
    fn bytes_stay_aligned_and_unchanged_while_they_grow() {
        let mut bytes: AlignedBytes = AlignedBytes::with_capacity(0);
        for round in 0_u8..200 {
            bytes.extend_zeroed(usize::from(round)).fill(round);
            assert_eq!(bytes.as_slice().as_ptr().align_offset(LINE), 0, "{round}");
        }
        let expected: Vec<u8> = (0_u8..200).flat_map(|round| vec![round; usize::from(round)]).collect();
        assert_eq!(bytes.as_slice(), expected);
        assert_eq!(bytes.clone(), bytes);
        assert_eq!(bytes.clone().as_slice().as_ptr().align_offset(LINE), 0);
        bytes.truncate(3);
        assert_eq!(bytes.as_slice(), &expected[..3]);
    }
}
