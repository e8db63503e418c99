//! The codec zstd, by the C library.

use std::fmt;
use std::io;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{self, CCtx, CParameter, DCtx};

use super::encoded::{Encoded, reserve};
use crate::codec::{Codec, ZstdLevel};
use crate::error::{Error, Result};
use crate::limits::{ZSTD_RATIO_MAX, ZSTD_WINDOW_LOG_MAX, ZSTD_WINDOW_LOG_MIN};

/// Encodes a content as one frame.
pub(super) struct Encoder {
    level: ZstdLevel,
    compressor: Compressor<'static>,
}

impl Encoder {
    pub(super) fn new(level: ZstdLevel) -> Result<Self> {
        let compressor = Compressor::new(level.get()).map_err(|source| encoding(0, source))?;
        Ok(Self { level, compressor })
    }

    /// Replaces `output` with the frame of `raw`.
    pub(super) fn encode(&mut self, raw: &[u8], output: &mut Vec<u8>) -> Result<()> {
        output.clear();
        // With less room the encoder may decide differently, and the bytes would depend on the
        // vector's history.
        reserve(output, zstd_safe::compress_bound(raw.len()) as u64, "a compressed content")?;
        self.compressor
            .compress_to_buffer(raw, output)
            .map_err(|source| encoding(raw.len() as u64, source))?;
        Ok(())
    }

    /// The same with a prefix, by a context of its own, since a context borrows its prefix.
    pub(super) fn encode_with_prefix(
        &mut self,
        raw: &[u8],
        prefix: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<()> {
        output.clear();
        reserve(output, zstd_safe::compress_bound(raw.len()) as u64, "a compressed content")?;
        // A window that holds the prefix and the content, or the prefix would be out of reach.
        let window = (prefix.len() + raw.len()).next_power_of_two().ilog2();
        let window = window.clamp(ZSTD_WINDOW_LOG_MIN, ZSTD_WINDOW_LOG_MAX);
        let mut context = CCtx::try_create()
            .ok_or_else(|| encoding(raw.len() as u64, io::ErrorKind::OutOfMemory.into()))?;
        context
            .set_parameter(CParameter::CompressionLevel(self.level.get()))
            .and_then(|_| context.set_parameter(CParameter::WindowLog(window)))
            // The tables of the fast levels are too small to find their way back over a prefix of megabytes.
            .and_then(|_| context.set_parameter(CParameter::EnableLongDistanceMatching(true)))
            .and_then(|_| context.ref_prefix(prefix))
            .and_then(|_| context.compress2(output, raw))
            .map_err(|code| encoding(raw.len() as u64, named(code)))?;
        Ok(())
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

/// Reads one frame.
pub(super) struct Decoder {
    decompressor: Decompressor<'static>,
}

impl Decoder {
    #[allow(clippy::unnecessary_wraps, reason = "its twin without zstd fails")]
    pub(super) fn new() -> Result<Self> {
        Ok(Self { decompressor: Decompressor::default() })
    }

    /// Decodes into an empty `output`; what the frame says about itself is checked before anything
    /// is allocated.
    pub(super) fn decode(&mut self, encoded: Encoded<'_>, prefix: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let Encoded { stored, raw_length, .. } = encoded;
        if raw_length > (stored.len() as u64).saturating_mul(ZSTD_RATIO_MAX) {
            return Err(encoded.malformed("its raw length is more than its stored bytes can decode to"));
        }
        match zstd_safe::get_frame_content_size(stored) {
            Ok(Some(size)) if size == raw_length => {}
            Ok(_) => return Err(encoded.malformed("its zstd frame does not state the raw length")),
            Err(_) => return Err(encoded.malformed("it does not start with a zstd frame")),
        }
        match zstd_safe::find_frame_compressed_size(stored) {
            Ok(length) if length == stored.len() => {}
            _ => return Err(encoded.malformed("it is not exactly one zstd frame")),
        }
        reserve(output, raw_length, encoded.what)?;
        // The vector has room for the raw length, which is where the decoder stops.
        let decoded = if prefix.is_empty() {
            self.decompressor.decompress_to_buffer(stored, output)
        } else {
            decode_behind(prefix, stored, output)
        };
        let written = decoded.map_err(|source| Error::Undecodable {
            what: encoded.what,
            offset: encoded.offset,
            codec: Codec::Zstd,
            source,
        })?;
        if written as u64 != raw_length {
            return Err(encoded.malformed("its zstd frame decodes to a different length than it states"));
        }
        Ok(())
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

/// Decodes with a prefix, by a context of its own, since a context borrows its prefix.
fn decode_behind(prefix: &[u8], stored: &[u8], output: &mut Vec<u8>) -> io::Result<usize> {
    let mut context = DCtx::try_create().ok_or(io::ErrorKind::OutOfMemory)?;
    context.ref_prefix(prefix).and_then(|_| context.decompress(output, stored)).map_err(named)
}

fn named(code: zstd_safe::ErrorCode) -> io::Error {
    io::Error::other(zstd_safe::get_error_name(code))
}

fn encoding(bytes: u64, source: io::Error) -> Error {
    Error::Encoding { codec: Codec::Zstd, bytes, source }
}
