//! Indexes over block codes: exact, hierarchical and inverted search, persisted as checked sections.
