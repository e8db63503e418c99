//! The forms of the files: front matter, and what it says of experiences, relations, insights and collectives.

pub(crate) mod collective;
pub(crate) mod experience;
pub(crate) mod front;
pub(crate) mod insight;
pub(crate) mod moment;
pub(crate) mod relation;
