//! What errors say, and how they convert to `std::io` errors.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use embeddenator_io::{
    Codec, Compression, Envelope, Error, Kind, Limits, SectionKind, Sections, SectionsBuilder, StreamReader,
    StreamWriter,
};

use crate::damage::check_message;

fn denied() -> io::Error {
    ErrorKind::PermissionDenied.into()
}

#[test]
fn messages_name_thing_value_and_remedy() {
    let path = PathBuf::from("dir/file");
    let cases = [
        (
            Error::Truncated { what: "envelope", offset: 3, needed: 64, remaining: 5 },
            ErrorKind::UnexpectedEof,
            "envelope at byte 3 needs 64 bytes, but 5 remain: the data is truncated, restore it from a copy",
        ),
        (
            Error::UnsupportedVersion { what: "envelope", found: 2, supported: 1 },
            ErrorKind::Unsupported,
            "envelope has format version 2, but this program reads 1: use a newer program",
        ),
        (
            Error::CodecNotBuilt { codec: Codec::Zstd },
            ErrorKind::Unsupported,
            "codec zstd is not built in: enable the feature `zstd` of embeddenator-io",
        ),
        (
            Error::LimitExceeded { what: "the length", value: 9, limit: 8 },
            ErrorKind::InvalidData,
            "the length is 9, more than the limit of 8: raise the limit if you trust the data",
        ),
        (
            Error::Io { action: "replace", path: path.clone(), source: denied() },
            ErrorKind::PermissionDenied,
            "cannot replace dir/file: permission denied",
        ),
        (
            Error::NotAFile { path },
            ErrorKind::InvalidInput,
            "dir/file is not a regular file: name a file, or remove what is there",
        ),
        (
            Error::Stopped { what: "stream" },
            ErrorKind::Other,
            "stream stopped after an earlier error: start over",
        ),
    ];
    for (error, kind, message) in cases {
        assert_eq!(error.to_string(), message);
        check_message(&error);
        let converted = io::Error::from(error);
        assert_eq!(converted.kind(), kind, "{message}");
        let inside = converted.get_ref().and_then(|inside| inside.downcast_ref::<Error>());
        assert_eq!(inside.expect("the error is kept").to_string(), message);
    }
}

#[test]
fn debug_output_does_not_print_contents() {
    let (kind, limits, content) = (Kind(1), Limits::default(), vec![7; 100_000]);
    let mut writer = StreamWriter::new(Vec::new(), kind, Compression::None).expect("begins");
    writer.append(&content).expect("appends");
    let writer_output = format!("{writer:?}");
    let stream = writer.finish().expect("finishes");
    let mut reader = StreamReader::new(stream.as_slice(), kind, &limits).expect("opens");
    assert_eq!(reader.next_frame().expect("reads"), Some(content.as_slice()));
    let enveloped = Envelope::wrap(kind, &content, Compression::None).expect("wraps");
    let envelope = Envelope::read(&enveloped, kind, &limits).expect("reads");
    let mut builder = SectionsBuilder::new(kind);
    builder.push(SectionKind(2), content.as_slice());
    let builder_output = format!("{builder:?}");
    let container = builder.into_bytes().expect("builds");
    let sections = Sections::open(&container, kind, &limits).expect("opens");
    for output in [
        writer_output,
        format!("{reader:?}"),
        format!("{envelope:?}"),
        builder_output,
        format!("{sections:?}"),
    ] {
        assert!(output.len() < 1000, "{} bytes, beginning with {:.80}", output.len(), output);
    }
    let output = format!("{sections:?}");
    assert!(output.contains("SectionKind(2)") && output.contains("length: 100000"), "{output}");
}

#[test]
fn cause_is_kept() {
    let error = Error::Stream { action: "read a stream", source: denied() };
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    assert_eq!(cause.expect("a cause").kind(), ErrorKind::PermissionDenied);
}
