//! Throughput of wrapping and opening an envelope.

fn main() {}
