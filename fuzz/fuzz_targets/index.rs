//! Gives arbitrary bytes to every reader of the index of words and vectors: none panics, and what one takes can be used.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| pulsedb::fuzzing::read_index(bytes));
