//! Gives arbitrary bytes to every reader of stored bytes: none panics, and what one takes has one form.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| pulsedb::fuzzing::read(bytes));
