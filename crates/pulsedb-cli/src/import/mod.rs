//! Importing: files and streams become drafts, and drafts become records, each once.

pub(crate) mod chat;
pub(crate) mod decode;
pub(crate) mod draft;
pub(crate) mod identity;
pub(crate) mod jsonl;
pub(crate) mod markdown;
pub(crate) mod read;
pub(crate) mod split;
pub(crate) mod text;
pub(crate) mod walk;
