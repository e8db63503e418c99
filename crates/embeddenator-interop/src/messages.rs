//! What the library says of itself: the message of a failure, and its version.

#![allow(unsafe_code, reason = "functions of the C interface")]

use std::ffi::c_char;

use crate::failure::last;
use crate::memory;

/// Copies the message of the last call that failed on this thread, with a zero at its end, as far as there is room.
///
/// Returns the bytes of the whole message without the zero; 0 if no call has failed. Calls that succeed leave it as it is.
///
/// # Safety
/// `buffer` is null, or `capacity` bytes behind it can be written.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn embeddenator_last_error(buffer: *mut c_char, capacity: usize) -> usize {
    let message = last();
    // SAFETY: the caller promises what is needed.
    let Ok(room) = (unsafe { memory::room("the buffer", buffer.cast(), capacity) }) else {
        return message.len();
    };
    if let Some(before_zero) = room.len().checked_sub(1) {
        let mut kept = message.len().min(before_zero);
        while !message.is_char_boundary(kept) {
            kept -= 1;
        }
        room[..kept].write_copy_of_slice(&message.as_bytes()[..kept]);
        room[kept].write(0);
    }
    message.len()
}

/// The version of this library, a string that is never freed.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn embeddenator_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
