//! Reading and writing the files in `tests/golden`, which another program generated from the format document.

use std::io::{Read, Write};

use embeddenator_io::{
    Codec, Compression, Envelope, Kind, Limits, SectionKind, Sections, SectionsBuilder, StreamReader,
    StreamWriter,
};

fn text() -> Vec<u8> {
    b"the quick brown fox jumps over the lazy dog. ".repeat(8)[..333].to_vec()
}

fn count() -> Vec<u8> {
    (0..=255).collect()
}

#[test]
fn golden_envelope_is_what_is_written() {
    let golden = include_bytes!("../golden/envelope-none.bin");
    assert_eq!(Envelope::wrap(Kind(1), &count(), Compression::None).expect("wraps"), golden);
    assert_eq!(*Envelope::open(golden, Kind(1), &Limits::default()).expect("opens"), *count());
}

/// The frame itself may change with the version of zstd, but it must stay readable.
#[test]
fn golden_compressed_envelope_is_read() {
    let golden = include_bytes!("../golden/envelope-zstd.bin");
    let envelope = Envelope::read(golden, Kind(2), &Limits::default()).expect("reads");
    assert_eq!((envelope.header().codec, envelope.header().raw_length), (Codec::Zstd, 333));
    if cfg!(feature = "zstd") {
        assert_eq!(*envelope.content().expect("opens"), *text());
    }
}

#[test]
fn golden_sections_are_what_is_written() {
    let golden = include_bytes!("../golden/sections.bin");
    let parts = [(10, text()), (11, vec![]), (12, count()), (10, b"x".to_vec())];
    let mut builder = SectionsBuilder::new(Kind(3));
    for (kind, bytes) in &parts {
        builder.push(SectionKind(*kind), bytes.as_slice());
    }
    assert_eq!(builder.into_bytes().expect("builds"), golden);
    let sections = Sections::open_verified(golden, Kind(3), &Limits::default()).expect("opens");
    let found: Vec<_> = sections.iter().map(|section| (section.kind.0, section.bytes.to_vec())).collect();
    assert_eq!(found, parts);
}

#[test]
fn golden_stream_is_what_is_written() {
    let golden = include_bytes!("../golden/stream-none.bin");
    let writer = StreamWriter::with_frame_bytes(Vec::new(), Kind(4), Compression::None, 100);
    let mut writer = writer.expect("begins");
    writer.write_all(&text()).expect("writes");
    assert_eq!(writer.finish().expect("finishes"), golden);
    let mut read = Vec::new();
    let mut reader = StreamReader::new(&golden[..], Kind(4), &Limits::default()).expect("opens");
    reader.read_to_end(&mut read).expect("reads");
    assert_eq!(read, text());
}

#[cfg(feature = "zstd")]
#[test]
fn golden_compressed_stream_is_read() {
    let golden = include_bytes!("../golden/stream-zstd.bin");
    let mut read = Vec::new();
    let mut reader = StreamReader::new(&golden[..], Kind(5), &Limits::default()).expect("opens");
    reader.read_to_end(&mut read).expect("reads");
    assert_eq!(read, [&text()[..], &count()[..200]].concat());
}
