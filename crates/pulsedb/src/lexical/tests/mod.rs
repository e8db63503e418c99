//! The word engine as a whole, beside what is computed from the texts.

mod bytes;
mod memory;
mod oracle;
mod queries;
mod terms;
