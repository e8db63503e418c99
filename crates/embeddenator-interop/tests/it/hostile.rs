//! Callers that hand over what makes no sense: each gets a status and a message.

#![allow(unsafe_code, reason = "calls the functions of the C interface as C does")]

use std::ffi::{CString, c_char, c_void};
use std::fs;
use std::mem::MaybeUninit;
use std::ptr;
use std::thread;

use embeddenator_interop::*;

fn last_error() -> String {
    let mut buffer = [0_u8; 400];
    // SAFETY: the buffer is as long as is said.
    let length = unsafe { embeddenator_last_error(buffer.as_mut_ptr().cast(), buffer.len()) };
    String::from_utf8(buffer[..length.min(buffer.len() - 1)].to_vec()).expect("is text")
}

/// The value that a call has put into place.
fn made<T>(call: impl FnOnce(Option<&mut MaybeUninit<T>>) -> EmbeddenatorStatus) -> T {
    let mut place = MaybeUninit::uninit();
    assert_eq!(call(Some(&mut place)), EmbeddenatorStatus::Ok, "{}", last_error());
    // SAFETY: the call was a success, which puts a value there.
    unsafe { place.assume_init() }
}

fn new_code(seed: u64) -> u64 {
    made(|place| embeddenator_code_new(128, 128, seed, place))
}

fn refused(status: EmbeddenatorStatus, words: &str) {
    assert_eq!(status, EmbeddenatorStatus::Usage);
    assert!(last_error().contains(words), "{}", last_error());
}

fn text_code(text: *const u8, length: usize) -> EmbeddenatorStatus {
    let mut place = MaybeUninit::uninit();
    // SAFETY: every length here is one that is refused, or that of the text.
    unsafe { embeddenator_code_of_text(text, length, Some(&mut place)) }
}

#[test]
fn null_and_impossible_lengths_are_refused() {
    refused(text_code(ptr::null(), 3), "is null");
    refused(text_code(b"abc".as_ptr(), usize::MAX), "length");
    refused(text_code(b"\xff\xfe".as_ptr(), 2), "not UTF-8 from byte 0");
    assert_eq!(text_code(ptr::null(), 0), EmbeddenatorStatus::Ok);
    refused(embeddenator_code_new(128, 128, 1, None), "is null");
    refused(embeddenator_code_new(0, 128, 1, Some(&mut MaybeUninit::uninit())), "0 blocks");
    refused(embeddenator_code_new(usize::MAX, 128, 1, Some(&mut MaybeUninit::uninit())), "blocks");
    // SAFETY: both are refused before they are read.
    let bundle =
        |codes, count| unsafe { embeddenator_code_bundle(codes, count, Some(&mut MaybeUninit::uninit())) };
    refused(bundle(ptr::null(), 2), "is null");
    refused(bundle(ptr::without_provenance(9), 2), "not aligned");
    refused(bundle(ptr::dangling(), usize::MAX / 4), "length");
    refused(bundle(ptr::null(), 0), "none");
    // SAFETY: null is refused.
    refused(unsafe { embeddenator_engram_open(ptr::null(), Some(&mut MaybeUninit::uninit())) }, "is null");
    // SAFETY: without room nothing is written.
    assert!(unsafe { embeddenator_last_error(ptr::null_mut(), 0) } > 0);
    // SAFETY: null is refused, and the length is returned all the same.
    assert!(unsafe { embeddenator_last_error(ptr::null_mut(), 10) } > 0);
}

#[test]
fn handles_that_are_made_up_freed_or_of_another_kind_are_refused() {
    let (code, other) = (new_code(1), new_code(2));
    let place = &mut MaybeUninit::uninit();
    refused(embeddenator_code_bind(code, u64::MAX, Some(&mut *place)), "not a handle");
    assert_eq!(embeddenator_free(other), EmbeddenatorStatus::Ok);
    refused(embeddenator_code_bind(code, other, Some(&mut *place)), "not a handle");
    refused(embeddenator_free(other), "not a handle");
    assert_eq!(embeddenator_free(0), EmbeddenatorStatus::Ok);
    refused(embeddenator_engram_verify(code, None), "a code");
    let text: u64 = made(|place| {
        // SAFETY: the text is as long as is said.
        unsafe { embeddenator_code_of_text(b"a text".as_ptr(), 6, place) }
    });
    refused(embeddenator_code_bind(code, text, Some(&mut *place)), "block codes");
    refused(embeddenator_code_similarity(code, text, Some(&mut MaybeUninit::uninit())), "another kind");
    let small: u64 = made(|place| embeddenator_code_new(8, 8, 1, place));
    refused(embeddenator_code_bind(code, small, Some(place)), "shape");
}

#[test]
fn codes_bind_bundle_and_come_back_from_bytes() {
    let (left, right) = (new_code(1), new_code(2));
    let bound = made(|place| embeddenator_code_bind(left, right, place));
    let unbound = made(|place| embeddenator_code_unbind(bound, right, place));
    let similarity = |left, right| made::<f32>(|place| embeddenator_code_similarity(left, right, place));
    assert!(similarity(left, unbound) > 0.999 && similarity(left, bound).abs() < 0.5);
    let all = [left, right];
    // SAFETY: the handles are as many as is said.
    let bundle: u64 = made(|place| unsafe { embeddenator_code_bundle(all.as_ptr(), 2, place) });
    assert!(similarity(bundle, left) > 0.3 && similarity(bundle, right) > 0.3);
    for code in [bundle, made(|place| text(place, "vectors index")), made(|place| text(place, ""))] {
        // SAFETY: without room nothing is written.
        let length: usize =
            made(|place| unsafe { embeddenator_code_to_bytes(code, ptr::null_mut(), 0, place) });
        let mut bytes = vec![0; length];
        let mut to_bytes = |capacity| {
            // SAFETY: there are at least so many bytes.
            unsafe {
                embeddenator_code_to_bytes(
                    code,
                    bytes.as_mut_ptr(),
                    capacity,
                    Some(&mut MaybeUninit::uninit()),
                )
            }
        };
        refused(to_bytes(length - 1), "needed");
        assert_eq!(to_bytes(length), EmbeddenatorStatus::Ok);
        let read = |bytes: &[u8], place: Option<&mut MaybeUninit<u64>>| {
            // SAFETY: the bytes are as many as is said.
            unsafe { embeddenator_code_from_bytes(bytes.as_ptr(), bytes.len(), place) }
        };
        let again = made(|place| read(&bytes, place));
        assert!(similarity(again, code) > 0.999 || similarity(code, code) == 0.0);
        bytes[100 % length] ^= 1;
        assert_ne!(read(&bytes, Some(&mut MaybeUninit::uninit())), EmbeddenatorStatus::Ok);
        assert_ne!(read(&bytes[..10], Some(&mut MaybeUninit::uninit())), EmbeddenatorStatus::Ok);
    }
}

fn text(place: Option<&mut MaybeUninit<u64>>, text: &str) -> EmbeddenatorStatus {
    // SAFETY: the text is as long as is said.
    unsafe { embeddenator_code_of_text(text.as_ptr(), text.len(), place) }
}

extern "C" fn count(context: *mut c_void, entry: &EmbeddenatorEntry) -> i32 {
    assert!(!entry.path.is_null());
    // SAFETY: the context is the counter of the test that lists, which waits.
    unsafe { *context.cast::<u32>() += 1 };
    0
}

#[test]
fn engram_is_read_by_eight_threads_and_damage_is_a_status() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let tree = directory.path().join("tree");
    fs::create_dir(&tree).expect("makes a directory");
    let content: Vec<u8> =
        (0..300_000_u32).flat_map(|number| number.wrapping_mul(number).to_le_bytes()).collect();
    fs::write(tree.join("numbers"), &content).expect("writes");
    let name = |path: &std::path::Path| CString::new(path.to_str().expect("is text")).expect("has no zero");
    let (path, tree) = (name(&directory.path().join("engram")), name(&tree));
    let wrong = EmbeddenatorCreateOptions { profile: 9, ..Default::default() };
    // SAFETY: both are strings.
    let create = |options| unsafe { embeddenator_engram_create(path.as_ptr(), tree.as_ptr(), options) };
    refused(create(Some(&wrong)), "profile");
    assert_eq!(create(None), EmbeddenatorStatus::Ok, "{}", last_error());
    assert_eq!(create(None), EmbeddenatorStatus::Failure);
    assert!(last_error().contains("exists"));
    // SAFETY: it is a string.
    let engram: u64 = made(|place| unsafe { embeddenator_engram_open(path.as_ptr(), place) });
    let read = |offset: u64, capacity: usize| {
        let mut bytes = vec![0; capacity];
        // SAFETY: the name is a string, and the buffer has the capacity.
        let length: usize = made(|place| unsafe {
            let name = c"numbers".as_ptr();
            embeddenator_engram_read(engram, ptr::null(), name, offset, bytes.as_mut_ptr(), capacity, place)
        });
        bytes.truncate(length);
        bytes
    };
    thread::scope(|scope| {
        for reader in 0..8 {
            let (read, content) = (&read, &content);
            scope.spawn(move || {
                for start in (reader * 1000..content.len()).step_by(100_003) {
                    let end = content.len().min(start + 70_000);
                    assert!(read(start as u64, 70_000) == content[start..end]);
                }
            });
        }
    });
    assert!(read(0, 5_000_000) == content && read(u64::MAX, 10).is_empty());
    let mut entries = 0_u32;
    // SAFETY: the context is what the callback takes it for.
    let listed = |visit| unsafe {
        embeddenator_engram_list(engram, ptr::null(), ptr::null(), visit, (&raw mut entries).cast())
    };
    let mut listed = listed;
    assert_eq!(listed(Some(count)), EmbeddenatorStatus::Ok);
    refused(listed(None), "callback");
    assert_eq!(entries, 2);
    let missing = |name: *const c_char| {
        let mut place = MaybeUninit::uninit();
        // SAFETY: the name is a string or null, and without capacity nothing is written.
        unsafe {
            embeddenator_engram_read(engram, ptr::null(), name, 0, ptr::null_mut(), 0, Some(&mut place))
        }
    };
    assert_eq!(missing(c"not there".as_ptr()), EmbeddenatorStatus::NotFound);
    assert!(last_error().contains("not there"));
    refused(missing(c"../up".as_ptr()), "cannot be a path");
    refused(missing(ptr::null()), "is null");
    assert_eq!(embeddenator_engram_verify(engram, None), EmbeddenatorStatus::Ok);
    let file = fs::File::options().write(true).open(directory.path().join("engram")).expect("opens");
    file.set_len(9000).expect("cuts");
    assert_eq!(embeddenator_engram_verify(engram, None), EmbeddenatorStatus::Damaged);
    assert_eq!(embeddenator_free(engram), EmbeddenatorStatus::Ok);
}
