//! The tags that say where a record comes from, as every command reads and the import writes them.

/// The digest that tells whether a record is already there.
pub(crate) const IMPORT_TAG: &str = "import";
/// Before the digest of a source; its value is that of a text which was counted once for that source as another use of
/// this record.
pub(crate) const COUNTED_TAG: &str = "counted:";
/// The whole path of the document that a record is a chunk of.
pub(crate) const FILE_TAG: &str = "file";
/// The path as it is shown.
pub(crate) const SOURCE_TAG: &str = "source";
/// The 1-based line at which a record starts in its source.
pub(crate) const LINE_TAG: &str = "line";
/// The headings above a chunk, or a conversation's title.
pub(crate) const HEADING_TAG: &str = "heading";
/// The 1-based cell of a notebook.
pub(crate) const CELL_TAG: &str = "cell";
