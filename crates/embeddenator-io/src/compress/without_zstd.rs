//! The codec zstd, left out of the build: asking for it is an error that says so.

use super::encoded::Encoded;
use crate::codec::{Codec, ZstdLevel};
use crate::error::{Error, Result};

/// Never constructed.
#[derive(Debug)]
pub(super) enum Encoder {}

impl Encoder {
    pub(super) fn new(_level: ZstdLevel) -> Result<Self> {
        Err(Error::CodecNotBuilt { codec: Codec::Zstd })
    }

    pub(super) fn encode(&mut self, _raw: &[u8], _output: &mut Vec<u8>) -> Result<()> {
        match *self {}
    }

    pub(super) fn encode_with_prefix(
        &mut self,
        _raw: &[u8],
        _prefix: &[u8],
        _output: &mut Vec<u8>,
    ) -> Result<()> {
        match *self {}
    }
}

/// Never constructed.
#[derive(Debug)]
pub(super) enum Decoder {}

impl Decoder {
    pub(super) fn new() -> Result<Self> {
        Err(Error::CodecNotBuilt { codec: Codec::Zstd })
    }

    pub(super) fn decode(
        &mut self,
        _encoded: Encoded<'_>,
        _prefix: &[u8],
        _output: &mut Vec<u8>,
    ) -> Result<()> {
        match *self {}
    }
}
