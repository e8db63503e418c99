//! Nothing but tests: `tests/it` runs the PulseHive framework on this database.
