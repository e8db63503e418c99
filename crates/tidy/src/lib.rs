//! Rules about the code of this repository, each a function from files to faults.
//!
//! The rules are run by `tests/it/main.rs`, over the repository and over snippets that they must refuse. What
//! they hold is in [`tables`]: a new crate, layer or exception is a row there, not code.
//!
//! ```
//! use tidy::{captions, files::SourceFile};
//!
//! let file = SourceFile::new("crates/a/src/lib.rs", "pub struct Slot(u32);\n");
//! assert_eq!(captions::check(&file)[0].line, 1);
//! ```

pub mod captions;
pub mod circles;
pub mod docs;
pub mod fault;
pub mod files;
pub mod layers;
pub mod manifests;
pub mod modules;
pub mod names;
pub mod paths;
pub mod sizes;
pub mod tables;
pub mod text;
pub mod tokens;
pub mod unsafety;
