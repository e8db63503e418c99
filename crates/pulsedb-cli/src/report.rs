//! What an import tells at its end: what became of each input, and what could not be read.

use std::collections::BTreeMap;

/// Counts of an import.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Files and streams that were read.
    pub(crate) files: u64,
    pub(crate) added: u64,
    /// Texts that were counted as another use of a record.
    pub(crate) reinforced: u64,
    pub(crate) unchanged: u64,
    /// Records whose text is the same but whose line or path is not.
    pub(crate) moved: u64,
    /// Records of passages that are no longer in their document.
    pub(crate) removed: u64,
    /// References to records that are neither in the input nor in the database.
    pub(crate) unknown_references: u64,
    /// Relations that were stored.
    pub(crate) relations: u64,
    /// Insights that were stored.
    pub(crate) insights: u64,
    pub(crate) skipped: Skipped,
    pub(crate) left_out: Omissions,
    /// The encodings that were found by their bytes, each with the sources in it.
    pub(crate) encodings: BTreeMap<&'static str, Vec<String>>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) failures: Vec<Failure>,
}

/// Files that no record was made of.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) binary: u64,
    pub(crate) empty: u64,
    /// Files that ignore files leave out.
    pub(crate) ignored: u64,
    /// Hidden files and directories.
    pub(crate) hidden: u64,
    /// Symbolic links, pipes and devices of a directory.
    pub(crate) special: u64,
    /// JSON that holds neither experiences nor a conversation.
    pub(crate) data: Vec<String>,
    pub(crate) too_large: Vec<String>,
}

impl Skipped {
    pub(crate) fn merge(&mut self, other: Self) {
        let Self { binary, empty, ignored, hidden, special, data, too_large } = other;
        self.binary += binary;
        self.empty += empty;
        self.ignored += ignored;
        self.hidden += hidden;
        self.special += special;
        self.data.extend(data);
        self.too_large.extend(too_large);
    }
}

/// What became of one file or stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) source: String,
    pub(crate) added: u64,
    pub(crate) unchanged: u64,
    pub(crate) moved: u64,
    pub(crate) removed: u64,
    pub(crate) failures: u64,
    /// Why no record was made of it.
    pub(crate) skipped: Option<&'static str>,
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

/// What a conversation or notebook holds besides the words that somebody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Omission {
    Hidden,
    Tool,
    Recipient,
    Thought,
    Branch,
    Compaction,
    Command,
    Service,
    Wordless,
    Output,
}

impl Omission {
    /// The key in JSON.
    pub(crate) const fn key(self) -> &'static str {
        self.names()[0]
    }

    /// One of it and several.
    pub(crate) const fn noun(self) -> [&'static str; 2] {
        let [_, one, several] = self.names();
        [one, several]
    }

    const fn names(self) -> [&'static str; 3] {
        match self {
            Self::Hidden => ["hidden", "hidden turn", "hidden turns"],
            Self::Tool => ["tool", "tool call or result", "tool calls and results"],
            Self::Recipient => ["recipient", "message to a tool", "messages to tools"],
            Self::Thought => ["thought", "thought of a model", "thoughts of a model"],
            Self::Branch => ["branch", "answer that was not shown", "answers that were not shown"],
            Self::Compaction => ["compaction", "compaction summary", "compaction summaries"],
            Self::Command => ["command", "command or its output", "commands and their output"],
            Self::Service => ["service", "service message", "service messages"],
            Self::Wordless => ["wordless", "message without words", "messages without words"],
            Self::Output => ["output", "notebook output", "notebook outputs"],
        }
    }
}

/// How often each was left out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Omissions(pub(crate) BTreeMap<Omission, u64>);

impl Omissions {
    pub(crate) fn count(&mut self, omission: Omission) {
        self.add(omission, 1);
    }

    pub(crate) fn add(&mut self, omission: Omission, count: u64) {
        if count > 0 {
            *self.0.entry(omission).or_default() += count;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (omission, count) in &other.0 {
            self.add(*omission, *count);
        }
    }
}
