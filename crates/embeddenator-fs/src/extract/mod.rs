//! Bringing a tree out: directories, then files by the segments that they are in, then everything else.

mod files;
pub(crate) mod plan;
pub(crate) mod run;
