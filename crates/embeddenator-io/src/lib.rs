//! Checked bytes in and out: envelopes, bounded compression, sections and atomic file replacement.
//!
//! | for | use |
//! |---|---|
//! | a content that fits in memory | [`Envelope`] |
//! | a content of any length | [`StreamWriter`], [`StreamReader`] |
//! | tables used in place, such as an index in a memory map | [`SectionsBuilder`], [`Sections`] |
//! | a format of your own | [`Cursor`], [`ByteWriter`], [`Encoder`], [`Decoder`] |
//! | a file that is old or new, never half | [`replace_file`], [`Replacement`] |
//!
//! The bytes read may come from anyone: damaged, forged or truncated input is a typed [`Error`],
//! never a panic, and nothing is allocated beyond the caller's [`Limits`]. Checksums detect
//! accidents; they are not signatures.
//!
//! ```
//! use embeddenator_io::{Envelope, Kind, Limits, Profile};
//!
//! const NOTE: Kind = Kind(1);
//! # #[cfg(feature = "zstd")] {
//! let content = b"to be, or not to be, or to be, or not to be, or to be".as_slice();
//! let stored = Envelope::wrap(NOTE, content, Profile::Balanced.compression())?;
//! assert_eq!(*Envelope::open(&stored, NOTE, &Limits::default())?, *content);
//!
//! let mut damaged = stored.clone();
//! damaged[70] ^= 1;
//! assert!(Envelope::open(&damaged, NOTE, &Limits::default()).is_err());
//! # }
//! # Ok::<(), embeddenator_io::Error>(())
//! ```
//!
//! The formats are specified byte by byte in `docs/embeddenator-io-format.md` in the repository.
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

mod byte_writer;
mod codec;
mod compress;
mod cursor;
mod envelope;
mod error;
mod frame;
mod hash;
mod header;
mod kind;
mod limits;
mod reader;
mod replace;
mod section;
mod writer;

pub use byte_writer::ByteWriter;
pub use codec::{Codec, Compression, Profile, ZstdLevel};
pub use compress::{Decoder, Encoded, Encoder};
pub use cursor::Cursor;
pub use envelope::{ENVELOPE_HEADER_BYTES, Envelope, EnvelopeHeader};
pub use error::{Error, Result};
pub use hash::ContentHash;
pub use kind::{Kind, SectionKind};
pub use limits::{
    CONTENT_BYTES_MAX_DEFAULT, FRAME_BYTES_DEFAULT, FRAME_BYTES_MAX, Limits, SECTIONS_MAX_DEFAULT,
    STREAM_BYTES_MAX_DEFAULT,
};
pub use reader::StreamReader;
pub use replace::{Replacement, replace_file};
pub use section::{SECTION_ALIGNMENT, Section, Sections, SectionsBuilder};
pub use writer::StreamWriter;

/// Compiles and runs the examples in the crate's README.
#[cfg(all(doctest, feature = "zstd"))]
#[doc = include_str!("../README.md")]
pub struct ReadmeExamples;
