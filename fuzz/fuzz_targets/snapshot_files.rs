//! Reads bytes as each file of a snapshot: no panic, and what is read comes back when it was written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| pulsedb_engram::fuzzing::read(bytes));
