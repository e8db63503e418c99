//! An engram through the C interface, as a program in C uses it.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr;

use embeddenator_interop::{
    EmbeddenatorStatus, embeddenator_engram_open, embeddenator_engram_read, embeddenator_engram_verify,
    embeddenator_free, embeddenator_last_error,
};

/// A status that is not `Ok`, with what the library says of it.
pub(crate) type Refused = (EmbeddenatorStatus, String);

/// A handle of an engram, freed at the end.
#[derive(Debug)]
pub(crate) struct Handle(u64);

impl Handle {
    pub(crate) fn open(path: &Path) -> Result<Self, Refused> {
        let path = CString::new(path.to_str().unwrap()).unwrap();
        let mut place = MaybeUninit::uninit();
        // SAFETY: the path is a string with a zero at its end, which lives until the call is over.
        told(unsafe { embeddenator_engram_open(path.as_ptr(), Some(&mut place)) })?;
        // SAFETY: a call that ended with `Ok` has written the handle.
        Ok(Self(unsafe { place.assume_init() }))
    }

    /// At most `capacity` bytes of a file of the newest snapshot.
    pub(crate) fn read(&self, name: &str, capacity: usize) -> Result<Vec<u8>, Refused> {
        let name = CString::new(name).unwrap();
        let (mut bytes, mut length) = (vec![0; capacity], MaybeUninit::uninit());
        let buffer = bytes.as_mut_ptr();
        let (snapshot, name) = (ptr::null(), name.as_ptr());
        // SAFETY: the name ends with a zero and the buffer has `capacity` bytes; both live until the call is over.
        let status = unsafe {
            embeddenator_engram_read(self.0, snapshot, name, 0, buffer, capacity, Some(&mut length))
        };
        told(status)?;
        // SAFETY: a call that ended with `Ok` has written the length.
        bytes.truncate(unsafe { length.assume_init() });
        Ok(bytes)
    }

    pub(crate) fn verify(&self) -> Result<(), Refused> {
        told(embeddenator_engram_verify(self.0, None))
    }

    /// Frees it, and a second time, which must be refused.
    pub(crate) fn free_twice(self) -> Refused {
        told(embeddenator_free(self.0)).unwrap();
        let refused = told(embeddenator_free(self.0)).unwrap_err();
        std::mem::forget(self);
        refused
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        assert_eq!(embeddenator_free(self.0), EmbeddenatorStatus::Ok);
    }
}

fn told(status: EmbeddenatorStatus) -> Result<(), Refused> {
    if status == EmbeddenatorStatus::Ok {
        return Ok(());
    }
    let mut bytes = vec![0_u8; 1000];
    // SAFETY: the length that is passed is that of the buffer.
    let length = unsafe { embeddenator_last_error(bytes.as_mut_ptr().cast(), bytes.len()) };
    bytes.truncate(length);
    Err((status, String::from_utf8(bytes).unwrap()))
}
