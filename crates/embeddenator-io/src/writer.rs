//! The streaming writer: a content of any length, in frames.

use std::fmt;
use std::io::{self, Write};

use crate::codec::{Codec, Compression};
use crate::compress::{Encoder, reserve};
use crate::error::{Error, Result};
use crate::frame::{Chain, END_BYTES, FORMAT, Fields, Sum, Tag, write_frame_header, write_stream_header};
use crate::kind::Kind;
use crate::limits::{FRAME_BYTES_DEFAULT, FRAME_BYTES_MAX};

/// Writes a content of any length into frames, each with its checksum, and an end frame with that of the whole.
///
/// Without [`StreamWriter::finish`] there is no end frame, and every reader reports the stream as
/// truncated. After a failed write the writer refuses to go on. It holds one raw and one compressed
/// frame in memory, plus what the encoder needs. Write through a
/// [`Replacement`](crate::Replacement) and end with `finish()?.commit()?` to get the whole file or
/// none of it, at any length.
///
/// ```
/// use std::io::{Read, Write};
/// use embeddenator_io::{Compression, Kind, Limits, StreamReader, StreamWriter};
///
/// let mut writer = StreamWriter::new(Vec::new(), Kind(3), Compression::None)?;
/// for line in 0..10_000 {
///     writeln!(writer, "line {line}")?;
/// }
/// let stored = writer.finish()?;
///
/// let mut text = String::new();
/// StreamReader::new(stored.as_slice(), Kind(3), &Limits::default())?.read_to_string(&mut text)?;
/// assert!(text.ends_with("line 9999\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StreamWriter<W: Write> {
    inner: W,
    frame_bytes: usize,
    encoder: Encoder,
    chain: Chain,
    /// Bytes that do not fill a frame yet; the capacity is the frame size.
    waiting: Vec<u8>,
    whole: blake3::Hasher,
    length: u64,
    stopped: bool,
}

impl<W: Write> StreamWriter<W> {
    /// Starts a stream with frames of [`FRAME_BYTES_DEFAULT`].
    ///
    /// # Errors
    /// As [`StreamWriter::with_frame_bytes`].
    pub fn new(inner: W, kind: Kind, compression: Compression) -> Result<Self> {
        Self::with_frame_bytes(inner, kind, compression, FRAME_BYTES_DEFAULT)
    }

    /// Starts a stream with frames of `frame_bytes` raw bytes.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless `frame_bytes` is between 1 and [`FRAME_BYTES_MAX`];
    /// [`Error::CodecNotBuilt`] for a compression that was left out of the build;
    /// [`Error::Encoding`] or [`Error::OutOfMemory`] if memory runs out; [`Error::Stream`] if the
    /// header cannot be written.
    pub fn with_frame_bytes(
        mut inner: W,
        kind: Kind,
        compression: Compression,
        frame_bytes: u32,
    ) -> Result<Self> {
        if !(1..=FRAME_BYTES_MAX).contains(&frame_bytes) {
            return Err(Error::OutOfRange {
                what: "the frame size of a stream in bytes",
                value: i64::from(frame_bytes),
                minimum: 1,
                maximum: i64::from(FRAME_BYTES_MAX),
            });
        }
        let encoder = Encoder::new(compression)?;
        let mut waiting = Vec::new();
        reserve(&mut waiting, u64::from(frame_bytes), "a frame")?;
        let header = write_stream_header(kind, frame_bytes);
        inner
            .write_all(&header)
            .map_err(|source| Error::Stream { action: "write a stream's header", source })?;
        Ok(Self {
            inner,
            frame_bytes: frame_bytes as usize,
            encoder,
            chain: Chain::begin(&header),
            waiting,
            whole: blake3::Hasher::new(),
            length: 0,
            stopped: false,
        })
    }

    /// Appends to the content.
    ///
    /// # Errors
    /// [`Error::Stream`] if the inner writer fails; [`Error::Encoding`] or [`Error::OutOfMemory`]
    /// if memory runs out; [`Error::Stopped`] from then on.
    pub fn append(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let appended = self.append_part(bytes)?;
            bytes = bytes.split_at_checked(appended).map_or(&[], |(_, rest)| rest);
        }
        Ok(())
    }

    /// Writes the last data frame and the end frame, flushes, and returns the inner writer.
    ///
    /// The bytes are only as durable as the inner writer makes them.
    ///
    /// # Errors
    /// As [`StreamWriter::append`]; the inner writer is then dropped.
    pub fn finish(mut self) -> Result<W> {
        self.refuse_stopped()?;
        if !self.waiting.is_empty() {
            self.write_data()?;
        }
        let sum = Sum { length: self.length, hash: *self.whole.finalize().as_bytes() }.write();
        let length = END_BYTES as u32;
        let fields = Fields { tag: Tag::End, codec: Codec::None, raw_length: length, stored_length: length };
        let (header, _) = write_frame_header(self.chain, fields, &sum);
        let mut write = || {
            self.inner.write_all(&header)?;
            self.inner.write_all(&sum)?;
            self.inner.flush()
        };
        write().map_err(|source| Error::Stream { action: "write the end of a stream", source })?;
        Ok(self.inner)
    }

    /// Appends as much as fits in the frame, writes the frame if it is full, and returns how much
    /// was appended.
    fn append_part(&mut self, bytes: &[u8]) -> Result<usize> {
        self.refuse_stopped()?;
        let room = self.frame_bytes - self.waiting.len();
        let (part, _) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.waiting.extend_from_slice(part);
        self.whole.update(part);
        self.length += part.len() as u64;
        if self.waiting.len() == self.frame_bytes {
            self.write_data()?;
        }
        Ok(part.len())
    }

    /// Writes the waiting bytes as a data frame.
    fn write_data(&mut self) -> Result<()> {
        self.stopped = true;
        let (codec, stored) = self.encoder.encode(&self.waiting)?;
        let (raw_length, stored_length) = (self.waiting.len() as u32, stored.len() as u32);
        let fields = Fields { tag: Tag::Data, codec, raw_length, stored_length };
        let (header, chain) = write_frame_header(self.chain, fields, stored);
        let written = self.inner.write_all(&header).and_then(|()| self.inner.write_all(stored));
        written.map_err(|source| Error::Stream { action: "write a frame of a stream", source })?;
        self.chain = chain;
        self.waiting.clear();
        self.stopped = false;
        Ok(())
    }

    fn refuse_stopped(&self) -> Result<()> {
        if self.stopped {
            return Err(Error::Stopped { what: FORMAT.what });
        }
        Ok(())
    }
}

impl<W: Write> fmt::Debug for StreamWriter<W> {
    /// Shows the progress, not the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamWriter")
            .field("frame_bytes", &self.frame_bytes)
            .field("length", &self.length)
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}

impl<W: Write> Write for StreamWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        Ok(self.append_part(bytes)?)
    }

    /// Flushes the inner writer. Bytes that do not fill a frame keep waiting, since only the last
    /// frame may be short.
    fn flush(&mut self) -> io::Result<()> {
        self.refuse_stopped()?;
        self.inner.flush()
    }
}
