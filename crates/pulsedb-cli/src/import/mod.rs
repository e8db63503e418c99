//! Importing: files and streams become drafts, and drafts become records, each once.

pub(crate) mod batch;
pub(crate) mod chat;
pub(crate) mod content;
pub(crate) mod data_url;
pub(crate) mod draft;
pub(crate) mod encoding;
pub(crate) mod identity;
pub(crate) mod importer;
pub(crate) mod json;
pub(crate) mod links;
pub(crate) mod lock;
pub(crate) mod lookup;
pub(crate) mod markdown;
pub(crate) mod notebook;
pub(crate) mod passages;
pub(crate) mod references;
pub(crate) mod text;
pub(crate) mod tree;
