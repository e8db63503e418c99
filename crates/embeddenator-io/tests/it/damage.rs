//! Damages bytes in every simple way and checks that each is refused.

use embeddenator_io::{Error, Result};

use crate::allocation::largest;

/// What a reader may allocate at once beyond its input: messages, a codec's state.
const SLACK: usize = 4096;

/// Truncates `bytes` at each length, flips each bit and appends a byte; `open` must refuse each
/// result, allocating at most `most` bytes at once.
pub(crate) fn refuses_all<T>(bytes: &[u8], most: usize, open: impl Fn(&[u8]) -> Result<T>) {
    assert!(open(bytes).is_ok(), "undamaged bytes open");
    let open = |damaged: &[u8]| {
        let (asked, opened) = largest(|| open(damaged));
        assert!(asked <= most + SLACK, "{asked} bytes were asked for at once");
        opened.err()
    };
    for length in 0..bytes.len() {
        let error = open(&bytes[..length]);
        let error = error.unwrap_or_else(|| panic!("cut to {length} bytes, it still opens"));
        assert!(matches!(error, Error::Truncated { .. }), "cut to {length} bytes: {error}");
        check_message(&error);
    }
    let mut damaged = bytes.to_vec();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            damaged[at] ^= 1 << bit;
            let error = open(&damaged);
            check_message(
                &error.unwrap_or_else(|| panic!("with bit {bit} of byte {at} flipped, it still opens")),
            );
            damaged[at] ^= 1 << bit;
        }
    }
    damaged.push(0);
    let error = open(&damaged).expect("a byte that follows is refused");
    assert!(matches!(error, Error::TrailingBytes { .. }), "with a byte more: {error}");
}

/// Messages start in lower case and end without a full stop.
pub(crate) fn check_message(error: &Error) {
    let message = error.to_string();
    assert!(!message.ends_with('.'), "{message}");
    assert!(!message.starts_with(|c: char| c.is_ascii_uppercase()), "{message}");
}
