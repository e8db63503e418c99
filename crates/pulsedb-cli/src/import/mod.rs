//! Importing: files and streams become drafts, and drafts become records, each once.

pub(crate) mod batch;
pub(crate) mod chat;
pub(crate) mod decode;
pub(crate) mod draft;
pub(crate) mod existing;
pub(crate) mod identity;
pub(crate) mod jsonl;
pub(crate) mod lock;
pub(crate) mod markdown;
pub(crate) mod read;
pub(crate) mod run;
pub(crate) mod split;
pub(crate) mod text;
pub(crate) mod walk;
