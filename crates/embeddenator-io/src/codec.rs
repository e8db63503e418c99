//! The codecs, their levels, and the named profiles.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::limits::ZSTD_LEVEL_MAX;

/// How stored bytes are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// The content as it is.
    None,
    /// One zstd frame (RFC 8878).
    Zstd,
}

impl Codec {
    /// Its number on disk.
    pub const fn number(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Zstd => 1,
        }
    }

    /// The codec with this number, which was read from `what`.
    ///
    /// # Errors
    /// [`Error::UnsupportedCodec`] for any other number.
    pub fn from_number(number: u16, what: &'static str) -> Result<Self> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Zstd),
            found => Err(Error::UnsupportedCodec { what, found }),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Zstd => "zstd",
        })
    }
}

/// How to compress a content before it is stored.
///
/// A content that the codec does not make smaller is stored as it is; the header says which codec
/// was used. The same content, compression and version of this crate produce the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// With zstd at this level. Needs the feature `zstd`.
    Zstd(ZstdLevel),
}

/// A zstd level, from 1 (fast) to 22 (small; above 19 the encoder takes hundreds of megabytes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZstdLevel(i32);

impl ZstdLevel {
    /// The level with this number.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless it is from 1 to 22.
    pub fn new(level: i32) -> Result<Self> {
        if (1..=ZSTD_LEVEL_MAX).contains(&level) {
            return Ok(Self(level));
        }
        Err(Error::OutOfRange {
            what: "zstd level",
            value: i64::from(level),
            minimum: 1,
            maximum: i64::from(ZSTD_LEVEL_MAX),
        })
    }

    /// Its number.
    pub const fn get(self) -> i32 {
        self.0
    }
}

/// A named choice between speed and size.
///
/// ```
/// use embeddenator_io::Profile;
///
/// assert_eq!("archive".parse::<Profile>()?, Profile::Archive);
/// assert_eq!(Profile::default().to_string(), "balanced");
/// # Ok::<(), embeddenator_io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Profile {
    /// Zstd level 1: for data that is written once and read soon.
    Fast,
    /// Zstd level 6.
    #[default]
    Balanced,
    /// Zstd level 12: for data that is kept.
    Archive,
    /// Zstd level 19: the smallest output that still decodes anywhere with little memory.
    Max,
}

impl Profile {
    /// All profiles, fastest first.
    pub const ALL: [Self; 4] = [Self::Fast, Self::Balanced, Self::Archive, Self::Max];

    /// The compression that it stands for.
    pub const fn compression(self) -> Compression {
        Compression::Zstd(ZstdLevel(match self {
            Self::Fast => 1,
            Self::Balanced => 6,
            Self::Archive => 12,
            Self::Max => 19,
        }))
    }

    /// Its name: `fast`, `balanced`, `archive` or `max`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Balanced => "balanced",
            Self::Archive => "archive",
            Self::Max => "max",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = Error;

    /// The profile with this name.
    ///
    /// # Errors
    /// [`Error::UnknownName`] if there is none.
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name).ok_or_else(|| Error::UnknownName {
            what: "profile",
            found: name.to_owned(),
            known: "fast, balanced, archive, max",
        })
    }
}
