//! Identifiers: UUID v7 newtypes, agent and task names, the sequence number, the embedding.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::ValidationError;

/// The number of a change: the first logged change is 1, and each later one is one more.
pub type Seq = u64;

/// A vector as callers pass and receive it: one `f32` per dimension; empty for a text that has none.
pub type Embedding = Vec<f32>;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier, ordered by the time of its creation (UUID v7, RFC 9562 section 5.7).
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(crate::clock::new_uuid())
            }

            /// The all-zero identifier, which names nothing.
            pub const fn nil() -> Self {
                Self(Uuid::nil())
            }

            /// Whether this is the all-zero identifier.
            pub const fn is_nil(&self) -> bool {
                self.0.is_nil()
            }

            /// The identifier with these 16 bytes, most significant first.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// Its 16 bytes, most significant first: they sort as the identifiers do.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ValidationError;

            fn from_str(text: &str) -> Result<Self, ValidationError> {
                Uuid::parse_str(text).map(Self).map_err(|error| {
                    ValidationError::invalid($what, format!("`{text}` is not a UUID: {error}"))
                })
            }
        }
    };
}

uuid_id! {
    /// Identifies a collective.
    CollectiveId, "collective id"
}
uuid_id! {
    /// Identifies an experience. What is recorded later has a greater one, in every process.
    ExperienceId, "experience id"
}

uuid_id! {
    /// Identifies a relation between two experiences.
    RelationId, "relation id"
}

uuid_id! {
    /// Identifies an insight.
    InsightId, "insight id"
}

impl InsightId {
    /// The id under which the index keeps the insight: it knows records, of whatever kind.
    pub(crate) const fn as_record(self) -> ExperienceId {
        ExperienceId::from_bytes(*self.as_bytes())
    }

    /// The insight that the index keeps under this id.
    pub(crate) const fn of_record(id: ExperienceId) -> Self {
        Self::from_bytes(*id.as_bytes())
    }
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The name as given; its length is checked where it is used.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            pub(crate) fn into_string(self) -> String {
                self.0
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_id! {
    /// Names an agent, 1 to 256 bytes.
    AgentId
}
name_id! {
    /// Names a task, a session or a conversation of an agent, at most 256 bytes.
    TaskId
}
