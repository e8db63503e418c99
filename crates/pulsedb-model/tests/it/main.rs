//! The promises of the bundled embedder: the reference's tokens, specified bits, no panic, no memory.

mod bits;
mod corpus;
mod memory;
mod oracle;
mod size;
mod tokens;
