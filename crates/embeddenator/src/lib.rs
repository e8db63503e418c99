//! Vectors index, bytes store: the Embeddenator libraries under one name.
//!
//! | module | what it is | crate |
//! |---|---|---|
//! | [`vsa`] | codes of 128 bytes, their algebra, and encoders of texts, bytes and records | `embeddenator-vsa` |
//! | [`io`] | checked bytes: envelopes, sections, streams, whole-file replacement | `embeddenator-io` |
//! | [`retrieval`] | indexes over codes, exact and fast | `embeddenator-retrieval` |
//! | [`fs`] | engrams: file trees in one verified, deduplicated file that is searched by content | `embeddenator-fs` |
//! | [`obs`] | metrics, latencies and logs, for binaries | `embeddenator-obs` |
//! | `interop` | the C interface, with the feature `interop` | `embeddenator-interop` |
//!
//! ```
//! use embeddenator::fs::{Engram, IngestOptions, Source};
//! use embeddenator::retrieval::Signatures;
//! use embeddenator::vsa::ShingleEncoder;
//!
//! # let directory = tempfile::tempdir()?;
//! # let (tree, path) = (directory.path().join("tree"), directory.path().join("tree.egm"));
//! # std::fs::create_dir(&tree)?;
//! // The code of a text is near that of an edited copy.
//! let encoder = ShingleEncoder::default();
//! let text = "a line of a text that is long enough to have many shingles\n".repeat(20);
//! let edited = text.clone() + "one line more";
//! let code = encoder.encode(text.as_bytes());
//! let mut signatures = Signatures::new(code.shape());
//! signatures.insert(1.into(), &code)?;
//! assert_eq!(signatures.near_duplicates(&encoder.encode(edited.as_bytes()), 0.5)?.len(), 1);
//!
//! // The bytes are kept as they are, and come back exactly.
//! std::fs::write(tree.join("text"), &text)?;
//! Engram::create(&path, &[Source::contents_of(&tree)], &IngestOptions::default(), &())?;
//! assert_eq!(Engram::open(&path)?.snapshots().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub use embeddenator_fs as fs;
#[cfg(feature = "interop")]
pub use embeddenator_interop as interop;
pub use embeddenator_io as io;
pub use embeddenator_obs as obs;
pub use embeddenator_retrieval as retrieval;
pub use embeddenator_vsa as vsa;

/// Compiles and runs the examples of the crate's README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExamples;
