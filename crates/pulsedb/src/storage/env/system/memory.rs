//! Linux: advice on the memory of a map.

// The advice is an operation on raw memory, though it changes none.
#![allow(unsafe_code)]

use rustix::mm::{Advice, madvise};

/// Begins to read what is not in memory yet of some bytes of a map.
pub(crate) fn will_need(bytes: &[u8]) {
    let before = bytes.as_ptr().addr() % rustix::param::page_size();
    let first = bytes.as_ptr().wrapping_sub(before).cast_mut();
    // SAFETY: the pages are those of a slice that is borrowed; this advice neither changes nor unmaps them.
    let advised = unsafe { madvise(first.cast(), before + bytes.len(), Advice::WillNeed) };
    if let Err(error) = advised {
        tracing::debug!(%error, "the system takes no advice on what is read");
    }
}
