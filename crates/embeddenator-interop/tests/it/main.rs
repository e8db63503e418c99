//! What the C interface promises, seen from Rust and from C.

mod header;
mod hostile;
#[cfg(unix)]
mod smoke;
