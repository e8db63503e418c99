//! The names of arguments, as types: what is wrong with an argument is told by its name.

/// A name that an argument has in Python.
pub(crate) trait Field {
    /// The name.
    const NAME: &'static str;
}

macro_rules! fields {
    ($($field:ident = $name:literal,)*) => {$(
        pub(crate) struct $field;

        impl Field for $field {
            const NAME: &'static str = $name;
        }
    )*};
}

fields! {
    After = "after",
    Agent = "agent",
    Applications = "applications",
    Below = "below",
    Collective = "collective",
    Confidence = "confidence",
    Content = "content",
    ExpiresAt = "expires_at",
    FreqWeight = "freq_weight",
    Identifier = "id",
    Importance = "importance",
    K = "k",
    Key = "key",
    LastReinforced = "last_reinforced",
    Limit = "limit",
    MaxRecent = "max_recent",
    MaxSimilar = "max_similar",
    MaxTokens = "max_tokens",
    Metadata = "metadata",
    MinConfidence = "min_confidence",
    MinImportance = "min_importance",
    Name = "name",
    Now = "now",
    Offset = "offset",
    Owner = "owner",
    Path = "path",
    Prefix = "prefix",
    Sequence = "sequence",
    Similarity = "similarity",
    Since = "since",
    Source = "source",
    Strength = "strength",
    Summary = "summary",
    Target = "target",
    Task = "task",
    Text = "text",
    Timestamp = "timestamp",
    UpdatedAt = "updated_at",
}
