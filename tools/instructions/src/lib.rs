//! Empty: the counted calls are in `benches/calls.rs`, because the counter runs benchmarks.
