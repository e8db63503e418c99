//! Every limit of the crate, with its reason.

/// Bytes of an envelope's content, unless the caller says otherwise: it is held in memory whole, and what is larger
/// than this is better streamed.
pub const CONTENT_BYTES_MAX_DEFAULT: u64 = 256 << 20;
/// Raw bytes of a stream's frame, unless the caller says otherwise: larger ones hardly compress better, and reader
/// and writer hold two of them.
pub const FRAME_BYTES_DEFAULT: u32 = 1 << 20;
/// Raw bytes of a stream's frame that a writer may ask for and that a reader takes by default: what a stranger can
/// make a reader allocate at once.
pub const FRAME_BYTES_MAX: u32 = 16 << 20;
/// Bytes of a stream's content, unless the caller says otherwise: it bounds what a small file can unpack to on a disk.
pub const STREAM_BYTES_MAX_DEFAULT: u64 = 1 << 40;
/// Sections of a container, unless the caller says otherwise: opening looks at each entry of the table.
pub const SECTIONS_MAX_DEFAULT: u32 = 4096;

/// Raw bytes that one stored byte of a zstd frame can stand for: a block is at most 128 KiB and takes at least a
/// header of three bytes and one more (RFC 8878, 3.1.1.2).
#[cfg_attr(not(feature = "zstd"), allow(dead_code, reason = "only a built-in codec needs it"))]
pub(crate) const ZSTD_RATIO_MAX: u64 = 32_768;
/// The strongest level of zstd; the levels below 1 trade size for a speed that codec none has anyway.
pub(crate) const ZSTD_LEVEL_MAX: i32 = 22;
/// Logarithms of the window of a content with a prefix: below the least the encoder gains nothing, and beyond the
/// greatest, 128 MiB, decoders refuse by default.
#[cfg_attr(not(feature = "zstd"), allow(dead_code, reason = "only a built-in codec needs it"))]
pub(crate) const ZSTD_WINDOW_LOG_MIN: u32 = 17;
#[cfg_attr(not(feature = "zstd"), allow(dead_code, reason = "only a built-in codec needs it"))]
pub(crate) const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// Names that are tried for a file aside. A taken one was left by a killed process of the same number, which in a
/// container is the same for ever, so that each time it is killed may leave one; trying them all takes milliseconds.
pub(crate) const ASIDE_NAMES_MAX: u32 = 4096;

/// What a reader takes from bytes that may come from anyone.
///
/// Lengths are compared with these before anything is allocated for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an envelope's content.
    pub content_bytes_max: u64,
    /// Raw bytes of one frame of a stream.
    pub frame_bytes_max: u32,
    /// Bytes of a stream's whole content.
    pub stream_bytes_max: u64,
    /// Sections of a container.
    pub sections_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            content_bytes_max: CONTENT_BYTES_MAX_DEFAULT,
            frame_bytes_max: FRAME_BYTES_MAX,
            stream_bytes_max: STREAM_BYTES_MAX_DEFAULT,
            sections_max: SECTIONS_MAX_DEFAULT,
        }
    }
}
