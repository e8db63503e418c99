//! What decoding allocates: nothing for forged lengths, and never more than twice the bytes present.

// Counting allocations needs an allocator.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use embeddenator_vsa::{BlockCode, Codes, CodesRef, Random, Shape, wire};

use super::{DECODERS, Decoder, Samples, seal};

thread_local! {
    /// The bytes that this thread has requested.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

/// The system allocator, with a counter.
struct Counting;

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    /// # Safety
    /// As [`GlobalAlloc::alloc`].
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.with(|asked| asked.set(asked.get().saturating_add(layout.size())));
        // SAFETY: the caller keeps the contract of `alloc`, which is the same there.
        unsafe { System.alloc(layout) }
    }

    /// # Safety
    /// As [`GlobalAlloc::dealloc`].
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: all memory comes from the same allocator, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bytes that the call requests.
fn asked<T>(call: impl FnOnce() -> T) -> usize {
    let before = ASKED.with(Cell::get);
    drop(call());
    ASKED.with(Cell::get) - before
}

#[test]
fn absurd_lengths_are_refused_before_anything_is_allocated() {
    // Run once before, since choosing the kernels may allocate.
    let messages = Samples::new().messages();
    for (_, message, decode) in &messages {
        assert_eq!(decode(message), Ok(()));
    }
    for (name, message, _) in &messages {
        for count in [1 << 20, 1 << 29, 1 << 30, 1 << 57, u64::MAX / 64, u64::MAX] {
            for blocks in [1_u32, 100, 4096, 1 << 24, u32::MAX] {
                let mut lie = message.clone();
                lie[12..16].copy_from_slice(&blocks.to_le_bytes());
                lie[24..32].copy_from_slice(&count.to_le_bytes());
                for payload in [count, count.wrapping_mul(4), count.wrapping_mul(64), count.wrapping_mul(16)]
                {
                    lie[40..48].copy_from_slice(&payload.to_le_bytes());
                    seal(&mut lie);
                    // The last decoder reads only the header, which may be consistent.
                    for decode in &DECODERS[..6] {
                        let bytes = asked(|| assert!(decode(&lie).is_err(), "{name}: {count} of {blocks}"));
                        assert_eq!(bytes, 0, "{name}: {count} of {blocks}");
                    }
                }
            }
        }
    }
}

#[test]
fn decoding_allocates_no_more_than_twice_what_it_reads() {
    let mut messages: Vec<(String, Vec<u8>, Decoder)> = Vec::new();
    for (name, message, decode) in Samples::new().messages() {
        messages.push((name.to_owned(), message, decode));
    }
    for blocks in [1, 63, 64, 65, 128, 129, 192, 193, 257] {
        let shape = Shape::new(blocks, 7).unwrap();
        let code = BlockCode::random(shape, &mut Random::new(1));
        messages.push((format!("code of {shape}"), wire::encode(&code), DECODERS[0]));
        for rows in [0, 1, 5] {
            let codes = Codes::random(shape, rows, &mut Random::new(1));
            messages.push((format!("{rows} codes of {shape}"), wire::encode(&codes), DECODERS[1]));
        }
    }
    for (name, message, decode) in messages {
        assert_eq!(decode(&message), Ok(()));
        let bytes = asked(|| decode(&message));
        assert!(bytes <= 2 * message.len(), "{name}: {bytes} for {}", message.len());
    }
    let message = wire::encode(&Codes::random(Shape::DEFAULT, 1000, &mut Random::new(1)));
    assert_eq!(asked(|| wire::view(&message).map(CodesRef::len)), 0);
}
