//! What the bundled embedder promises: the reference's tokens, the specified bits, no panic, no memory.

mod bits;
mod corpus;
mod memory;
mod oracle;
mod size;
mod tokens;
