//! What a caller's pointers lead to, checked as far as that is possible.

#![allow(unsafe_code, reason = "pointers of callers that are not Rust")]

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::slice;

use crate::failure::{Failure, Result};

/// The values behind a pointer.
///
/// # Safety
/// `data` is null, or `length` initialised values lie behind it that nobody writes before the call ends.
pub(crate) unsafe fn values<'a, T: Copy>(
    what: &'static str,
    data: *const T,
    length: usize,
) -> Result<&'a [T]> {
    if length == 0 {
        return Ok(&[]);
    }
    check(what, data, length)?;
    // SAFETY: it is neither null nor misaligned, its length is possible, and the caller promises the rest.
    Ok(unsafe { slice::from_raw_parts(data, length) })
}

/// The text behind a pointer.
///
/// # Safety
/// As for [`values`].
pub(crate) unsafe fn text<'a>(what: &'static str, data: *const u8, length: usize) -> Result<&'a str> {
    // SAFETY: the caller promises what is needed.
    let bytes = unsafe { values(what, data, length) }?;
    std::str::from_utf8(bytes).map_err(|error| {
        let fault = format!("is not UTF-8 from byte {} on", error.valid_up_to());
        Failure::argument(what, fault, "encode it as UTF-8")
    })
}

/// The room behind a pointer; null without a capacity is no room.
///
/// # Safety
/// `data` is null, or nobody else reads or writes the `capacity` bytes behind it before the call ends.
pub(crate) unsafe fn room<'a>(
    what: &'static str,
    data: *mut u8,
    capacity: usize,
) -> Result<&'a mut [MaybeUninit<u8>]> {
    if capacity == 0 {
        return Ok(&mut []);
    }
    check(what, data, capacity)?;
    // SAFETY: it is not null, its length is possible, bytes that are not initialised are what the type is for, and the caller
    // promises the rest.
    Ok(unsafe { slice::from_raw_parts_mut(data.cast(), capacity) })
}

/// The string behind a pointer.
///
/// # Safety
/// `string` is null, or a zero ends the bytes behind it, which nobody writes before the call ends.
pub(crate) unsafe fn string<'a>(what: &'static str, string: *const c_char) -> Result<&'a CStr> {
    // SAFETY: the caller promises what is needed.
    let found = unsafe { optional_string(string) };
    found.ok_or_else(|| null(what))
}

/// The string behind a pointer, if it is not null.
///
/// # Safety
/// As for [`string`].
pub(crate) unsafe fn optional_string<'a>(string: *const c_char) -> Option<&'a CStr> {
    // SAFETY: it is not null, and the caller promises the rest.
    (!string.is_null()).then(|| unsafe { CStr::from_ptr(string) })
}

/// Puts a result where the caller wants it.
pub(crate) fn put<T>(what: &'static str, place: Option<&mut MaybeUninit<T>>, value: T) -> Result<()> {
    place.ok_or_else(|| null(what))?.write(value);
    Ok(())
}

fn check<T>(what: &'static str, data: *const T, length: usize) -> Result<()> {
    if data.is_null() {
        return Err(null(what));
    }
    if !data.is_aligned() {
        return Err(Failure::argument(
            what,
            "is not aligned to its type",
            "pass a pointer of the type that is declared",
        ));
    }
    if length.checked_mul(size_of::<T>()).is_none_or(|bytes| bytes > isize::MAX as usize) {
        return Err(Failure::argument(
            what,
            format!("has a length of {length}"),
            "pass the length of what is there",
        ));
    }
    Ok(())
}

fn null(what: &'static str) -> Failure {
    Failure::argument(what, "is null", "pass a pointer")
}
