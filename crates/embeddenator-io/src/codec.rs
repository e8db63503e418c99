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
    /// The number that stands for it on disk.
    pub const fn number(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Zstd => 1,
        }
    }

    /// The codec of a number; `what` states it.
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

/// What to do with a content before it is stored.
///
/// A content that the codec does not make smaller is stored as it is, whatever is asked for; what is stored says
/// which. The same content, compression and version of this crate give the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Compression {
    /// Nothing.
    #[default]
    None,
    /// Zstd of a level. Needs the feature `zstd`.
    Zstd(ZstdLevel),
}

/// A level of zstd, from 1 (fast) to 22 (small; above 19 the encoder takes hundreds of megabytes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZstdLevel(i32);

impl ZstdLevel {
    /// The level of that number.
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
    /// Zstd level 1: what is written once and read soon.
    Fast,
    /// Zstd level 6.
    #[default]
    Balanced,
    /// Zstd level 12: what is kept.
    Archive,
    /// Zstd level 19: the smallest that decodes everywhere with little memory.
    Max,
}

impl Profile {
    /// All of them, fastest first.
    pub const ALL: [Self; 4] = [Self::Fast, Self::Balanced, Self::Archive, Self::Max];

    /// What it asks for.
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

    /// The profile of a name.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for any other.
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name).ok_or_else(|| Error::UnknownName {
            what: "profile",
            found: name.to_owned(),
            known: "fast, balanced, archive, max",
        })
    }
}
