//! Reads bytes as a stream, as they are and with chains that fit, and writes them as one: no panic, nothing is lost.
#![no_main]

use std::io::Read;

use embeddenator_fuzz::seal;
use embeddenator_io::{Compression, Profile, StreamReader, StreamWriter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut sealed = bytes.to_vec();
    seal::stream(&mut sealed);
    read(&sealed);
    write(bytes);
});

fn read(bytes: &[u8]) {
    let Ok(mut reader) = StreamReader::new(bytes, seal::kind(bytes), &seal::LIMITS) else { return };
    let mut seen = Vec::new();
    while let Ok(Some(frame)) = reader.next_frame() {
        assert!(!frame.is_empty() && frame.len() as u64 <= u64::from(seal::LIMITS.frame_bytes_max));
        seen.extend_from_slice(frame);
        assert!(seen.len() as u64 <= seal::LIMITS.stream_bytes_max);
    }
    // The same bytes come when a part of each frame is read in the other way.
    let Ok(mut reader) = StreamReader::new(bytes, seal::kind(bytes), &seal::LIMITS) else { return };
    let (mut mixed, mut part) = (Vec::new(), [0; 7]);
    while let Ok(count @ 1..) = reader.read(&mut part) {
        mixed.extend_from_slice(&part[..count]);
        let Ok(Some(frame)) = reader.next_frame() else { break };
        mixed.extend_from_slice(frame);
    }
    assert_eq!(mixed, seen);
}

/// The first bytes choose how the others are written.
fn write(bytes: &[u8]) {
    let [frame, portion, zstd, content @ ..] = bytes else { return };
    let compression = if zstd & 1 == 1 { Profile::Fast.compression() } else { Compression::None };
    let kind = seal::kind(content);
    let writer = StreamWriter::with_frame_bytes(Vec::new(), kind, compression, u32::from(*frame) + 1);
    let mut writer = writer.expect("the frame size is within its range");
    for part in content.chunks(usize::from(*portion) + 1) {
        writer.append(part).expect("a vector takes everything");
    }
    let written = writer.finish().expect("a vector takes everything");
    let mut seen = Vec::new();
    let mut reader = StreamReader::new(&written[..], kind, &seal::LIMITS).expect("it was just written");
    reader.read_to_end(&mut seen).expect("it was just written");
    assert_eq!(seen, content);
}
