//! What an import tells at its end: what it did, and what could not be read.

/// Counts of an import.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Files and streams that were read.
    pub(crate) files: u64,
    pub(crate) added: u64,
    pub(crate) unchanged: u64,
    /// Records whose text is the same but whose line or path is not.
    pub(crate) moved: u64,
    /// Records of passages that are no longer in their document.
    pub(crate) removed: u64,
    pub(crate) empty: u64,
    pub(crate) binary: u64,
    pub(crate) failures: Vec<Failure>,
}

/// Something that could not be read or recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The file as it is shown.
    pub(crate) source: String,
    /// The line; zero for the file as a whole.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) reason: String,
}
