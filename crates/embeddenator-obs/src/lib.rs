//! Metrics with stable names, high-resolution timers, latency histograms, and Prometheus and JSON output.
//!
//! Libraries know nothing about exporters: they return plain numbers, or call the [`metrics`
//! facade](facade). The binary decides whether anything listens. It installs a [`Recorder`], asks
//! it for a [`Snapshot`], and renders that as [Prometheus text](prometheus), as [JSON](json), or as
//! a document that an [OpenTelemetry](otel) collector reads from a file. Nothing here opens a
//! connection.
//!
//! ```
//! use embeddenator_obs::metrics::{IndexKind, names, record_search};
//! use embeddenator_obs::{HiResTimer, Recorder, Span, facade, prometheus};
//!
//! let recorder = Recorder::new();
//! // A binary calls `recorder.install()?` instead, once, and all threads record into it.
//! recorder.within(|| {
//!     let timer = HiResTimer::new();
//!     let start = timer.start();
//!     let best = (0..1000_u64).max(); // in place of a search
//!     record_search(IndexKind::Flat, timer.elapsed(start));
//!     assert_eq!(best, Some(999));
//!
//!     let _span = Span::start(facade::histogram!(names::INDEX_BUILD_DURATION)); // records when it is dropped
//! });
//!
//! let text = prometheus::render(&recorder.snapshot());
//! assert!(text.contains("embeddenator_searches_total{embeddenator_index_kind=\"flat\"} 1\n"));
//! ```
//!
//! # Cost
//! Without a recorder, a counter or a span costs a few nanoseconds; the clock is not even read. The
//! benchmark `overhead` measures this; the README has the figures.
#![forbid(unsafe_code)]
#![warn(clippy::missing_errors_doc)]

mod error;
#[cfg(feature = "subscriber")]
pub mod init;
pub mod json;
pub mod limits;
mod lock;
pub mod metrics;
pub mod otel;
pub mod prometheus;
pub mod timer;

/// The `metrics` facade: the macros `counter!`, `gauge!` and `histogram!`, and the traits of their
/// handles.
pub use ::metrics as facade;

pub use crate::error::{Error, Result};
pub use crate::metrics::{LatencyHistogram, LatencyRecorder, Recorder, Snapshot};
pub use crate::timer::{HiResTimer, Span};

/// Compiles and runs the examples in the crate's README.
#[cfg(all(doctest, feature = "subscriber"))]
#[doc = include_str!("../README.md")]
struct Readme;
