//! Reads bytes as each part of an engram, as they are and with checks that fit: no panic, and one form.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| embeddenator_fs::fuzzing::read(bytes));
