//! The streaming reader: returns what a frame holds once its chain is verified.

use std::fmt;
use std::io::{self, Read};

use crate::codec::Codec;
use crate::compress::{Decoder, Encoded, reserve};
use crate::error::{Error, Result};
use crate::frame::{
    BODY, Chain, END, END_BYTES, FORMAT, FRAME, FRAME_HEADER_BYTES, Fields, FrameHeader, STREAM_HEADER_BYTES,
    Sum, Tag, read_stream_header,
};
use crate::header::recognise;
use crate::kind::Kind;
use crate::limits::Limits;

/// Reads a stream, frame by frame.
///
/// Everything returned has been verified: it is a prefix of what was written. Whether it is
/// complete is known only at the end, so a consumer that must not act on half a content waits for
/// `Ok(0)` or `Ok(None)`; a truncated stream ends with an error instead. After an error the reader
/// refuses to go on.
///
/// The reader holds one stored and one raw frame in memory, within [`Limits::frame_bytes_max`].
/// After the end it asks the inner reader for one more byte, which must not exist: on a connection
/// it waits until the other side closes it, and a stream inside something longer is read through
/// [`Read::take`].
///
/// A small stream can unpack to [`Limits::stream_bytes_max`], and `read_to_end` would collect all
/// of it in memory: for data that you do not trust, lower that limit or work frame by frame.
///
/// [`Read`] wraps these errors in an [`io::Error`], whose `get_ref` returns the [`Error`]. See
/// [`StreamWriter`](crate::StreamWriter) for an example.
pub struct StreamReader<R: Read> {
    inner: R,
    limits: Limits,
    frame_bytes: u32,
    decoder: Decoder,
    chain: Chain,
    stored: Vec<u8>,
    /// The verified content of the current frame.
    raw: Vec<u8>,
    /// How much of it has been returned.
    taken: usize,
    whole: blake3::Hasher,
    /// Bytes of content read so far.
    length: u64,
    /// Bytes of the stream read so far.
    offset: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Another data frame may follow.
    Open,
    /// The last frame was shorter than the frame size, so only the end may follow.
    Short,
    /// The end has been verified.
    Ended,
    /// An error has occurred.
    Stopped,
}

impl<R: Read> StreamReader<R> {
    /// Reads and checks the header.
    ///
    /// # Errors
    /// [`Error::NotRecognised`], [`Error::WrongKind`], [`Error::UnsupportedVersion`] or
    /// [`Error::UnsupportedFlags`] if it is something else; [`Error::Truncated`],
    /// [`Error::ChecksumMismatch`] or [`Error::Malformed`] if it is damaged;
    /// [`Error::LimitExceeded`] if its frames are larger than [`Limits::frame_bytes_max`];
    /// [`Error::Stream`] if `inner` fails.
    pub fn new(mut inner: R, kind: Kind, limits: &Limits) -> Result<Self> {
        let mut header = [0; STREAM_HEADER_BYTES];
        if let Err(error) = read_whole(&mut inner, &mut header, FORMAT.what, 0) {
            if let Error::Truncated { remaining, .. } = error {
                recognise(&FORMAT, header.get(..remaining as usize).unwrap_or_default())?;
            }
            return Err(error);
        }
        let frame_bytes = read_stream_header(&header, kind)?;
        if frame_bytes > limits.frame_bytes_max {
            return Err(Error::LimitExceeded {
                what: "the frame size of a stream in bytes",
                value: u64::from(frame_bytes),
                limit: u64::from(limits.frame_bytes_max),
            });
        }
        Ok(Self {
            inner,
            limits: *limits,
            frame_bytes,
            decoder: Decoder::default(),
            chain: Chain::begin(&header),
            stored: Vec::new(),
            raw: Vec::new(),
            taken: 0,
            whole: blake3::Hasher::new(),
            length: 0,
            offset: STREAM_HEADER_BYTES as u64,
            state: State::Open,
        })
    }

    /// The content of the next frame, or `None` after the verified end.
    ///
    /// If [`Read`] has taken part of a frame, the rest of that frame comes first: each byte is
    /// returned once, whichever way it is read.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::ChecksumMismatch`], [`Error::Malformed`],
    /// [`Error::TrailingBytes`] or [`Error::Undecodable`] if the stream is damaged;
    /// [`Error::UnsupportedCodec`] or [`Error::CodecNotBuilt`] if a frame needs another codec;
    /// [`Error::LimitExceeded`] if the content is larger than [`Limits::stream_bytes_max`];
    /// [`Error::OutOfMemory`] if memory runs out; [`Error::Stream`] if the inner reader fails;
    /// [`Error::Stopped`] from then on.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>> {
        if self.taken == self.raw.len() && !self.advance()? {
            return Ok(None);
        }
        let start = std::mem::replace(&mut self.taken, self.raw.len());
        Ok(self.raw.get(start..))
    }

    /// Reads the next frame; false after the end.
    fn advance(&mut self) -> Result<bool> {
        self.taken = 0;
        self.raw.clear();
        match self.state {
            State::Ended => return Ok(false),
            State::Stopped => return Err(Error::Stopped { what: FORMAT.what }),
            State::Open | State::Short => {}
        }
        let before = std::mem::replace(&mut self.state, State::Stopped);
        let after = self.read_frame(before);
        if after.is_err() {
            // What a codec wrote before it failed is not verified.
            self.raw.clear();
        }
        self.state = after?;
        Ok(self.state != State::Ended)
    }

    fn read_frame(&mut self, state: State) -> Result<State> {
        let start = self.offset;
        let mut header = [0; FRAME_HEADER_BYTES];
        self.fill(&mut header, FRAME)?;
        let header = FrameHeader::read(&header, start)?;
        let most = self.frame_bytes.max(END_BYTES as u32);
        if header.stored_length > most {
            let reason = "its stored length is more than the frame size";
            return Err(Error::Malformed { what: FRAME, offset: start, reason });
        }
        let body = self.offset;
        let mut stored = std::mem::take(&mut self.stored);
        stored.clear();
        reserve(&mut stored, u64::from(header.stored_length), BODY)?;
        stored.resize(header.stored_length as usize, 0);
        self.fill(&mut stored, BODY)?;
        let (fields, chain) = header.verify(self.chain, &stored)?;
        self.chain = chain;
        let state = match fields.tag {
            Tag::Data => self.take_data(fields, &stored, state, body)?,
            Tag::End => self.take_end(fields, &stored, body)?,
        };
        self.stored = stored;
        Ok(state)
    }

    /// Decodes a data frame into `raw`.
    fn take_data(&mut self, fields: Fields, stored: &[u8], state: State, body: u64) -> Result<State> {
        let malformed = |reason| Error::Malformed { what: BODY, offset: body, reason };
        if state == State::Short {
            return Err(malformed("it follows a frame that is shorter than the frame size"));
        }
        if fields.raw_length == 0 || fields.raw_length > self.frame_bytes {
            return Err(malformed("its raw length is not between 1 and the frame size"));
        }
        let raw_length = u64::from(fields.raw_length);
        let length = self.length.saturating_add(raw_length);
        if length > self.limits.stream_bytes_max {
            return Err(Error::LimitExceeded {
                what: "the content of a stream in bytes",
                value: length,
                limit: self.limits.stream_bytes_max,
            });
        }
        let encoded = Encoded { codec: fields.codec, stored, raw_length, what: BODY, offset: body };
        self.decoder.decode(encoded, &mut self.raw)?;
        self.whole.update(&self.raw);
        self.length = length;
        Ok(if fields.raw_length == self.frame_bytes { State::Open } else { State::Short })
    }

    /// Checks length and hash of the whole content, and looks for bytes after the end.
    fn take_end(&mut self, fields: Fields, stored: &[u8], body: u64) -> Result<State> {
        let malformed = |reason| Error::Malformed { what: END, offset: body, reason };
        if fields.codec != Codec::None || fields.raw_length != fields.stored_length {
            return Err(malformed("it is encoded by a codec"));
        }
        let sum = Sum::read(stored, body)?;
        if sum.length != self.length {
            return Err(malformed("its length differs from that of the frames"));
        }
        if sum.hash != *self.whole.finalize().as_bytes() {
            return Err(Error::ChecksumMismatch { what: "the content of a stream", offset: body });
        }
        let mut more = [0];
        match read_some(&mut self.inner, &mut more) {
            Ok(0) => Ok(State::Ended),
            Ok(_) => Err(Error::TrailingBytes { what: FORMAT.what, offset: self.offset, count: 1 }),
            Err(source) => Err(Error::Stream { action: "read the end of a stream", source }),
        }
    }

    fn fill(&mut self, buffer: &mut [u8], what: &'static str) -> Result<()> {
        read_whole(&mut self.inner, buffer, what, self.offset)?;
        self.offset = self.offset.saturating_add(buffer.len() as u64);
        Ok(())
    }
}

impl<R: Read> fmt::Debug for StreamReader<R> {
    /// Shows the progress, not the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReader")
            .field("frame_bytes", &self.frame_bytes)
            .field("length", &self.length)
            .field("offset", &self.offset)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<R: Read> Read for StreamReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.taken == self.raw.len() && !self.advance()? {
            return Ok(0);
        }
        let (_, mut rest) = self.raw.split_at_checked(self.taken).unwrap_or_default();
        let copied = rest.read(buffer)?;
        self.taken += copied;
        Ok(copied)
    }
}

/// Fills `buffer` from byte `offset` of the stream.
fn read_whole(inner: &mut impl Read, buffer: &mut [u8], what: &'static str, offset: u64) -> Result<()> {
    let needed = buffer.len() as u64;
    let mut rest = buffer;
    while !rest.is_empty() {
        match read_some(inner, rest) {
            Ok(0) => {
                let remaining = needed - rest.len() as u64;
                return Err(Error::Truncated { what, offset, needed, remaining });
            }
            Ok(count) => rest = rest.split_at_mut_checked(count).map_or(&mut [], |(_, rest)| rest),
            Err(source) => return Err(Error::Stream { action: "read a stream", source }),
        }
    }
    Ok(())
}

/// Reads once, retrying when a signal interrupts.
fn read_some(inner: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match inner.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}
