//! Every limit of the crate, with its reason.

/// Bytes in an envelope's content by default: the whole content is held in memory, and anything
/// larger is better streamed.
pub const CONTENT_BYTES_MAX_DEFAULT: u64 = 256 << 20;
/// Raw bytes in a stream's frame by default: larger frames hardly compress better, and reader and
/// writer each hold two.
pub const FRAME_BYTES_DEFAULT: u32 = 1 << 20;
/// Raw bytes in a stream's frame that a writer may ask for and that a reader accepts by default:
/// the most that foreign bytes can make a reader allocate at once.
pub const FRAME_BYTES_MAX: u32 = 16 << 20;
/// Bytes in a stream's content by default: it bounds what a small file can unpack to on disk.
pub const STREAM_BYTES_MAX_DEFAULT: u64 = 1 << 40;
/// Sections in a container by default: opening looks at each entry in the table.
pub const SECTIONS_MAX_DEFAULT: u32 = 4096;

/// Raw bytes that one stored byte of a zstd frame can decode to: a block is at most 128 KiB and
/// takes at least a header of three bytes and one more (RFC 8878, 3.1.1.2).
#[cfg_attr(not(feature = "zstd"), allow(dead_code, reason = "only a built-in codec needs it"))]
pub(crate) const ZSTD_RATIO_MAX: u64 = 32_768;
/// The strongest level of zstd; levels below 1 trade size for speed, which codec none offers
/// anyway.
pub(crate) const ZSTD_LEVEL_MAX: i32 = 22;
/// Logarithms of the window of a content with a prefix: below the least the encoder gains nothing, and beyond the
/// greatest, 128 MiB, decoders refuse by default.
#[cfg_attr(not(feature = "zstd"), allow(dead_code, reason = "only a built-in codec needs it"))]
pub(crate) const ZSTD_WINDOW_LOG_MIN: u32 = 17;
#[cfg_attr(not(feature = "zstd"), allow(dead_code, reason = "only a built-in codec needs it"))]
pub(crate) const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// Names to try for a temporary file. A name is taken if a killed process with the same process ID
/// left its file behind. In a container the ID never changes, so every kill may leave one more;
/// trying all the names takes milliseconds.
pub(crate) const ASIDE_NAMES_MAX: u32 = 4096;

/// The most that a reader accepts from bytes that may come from anyone.
///
/// Lengths are compared with these limits before anything is allocated for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in an envelope's content.
    pub content_bytes_max: u64,
    /// Raw bytes in one frame of a stream.
    pub frame_bytes_max: u32,
    /// Bytes in a stream's whole content.
    pub stream_bytes_max: u64,
    /// Sections in a container.
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
