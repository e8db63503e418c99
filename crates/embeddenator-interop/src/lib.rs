//! The C interface of Embeddenator: codes and engrams behind numbers that cannot dangle.
//!
//! `include/embeddenator.h` declares it; a test compares that header with these sources. The libraries to link are
//! `libembeddenator_interop.so` (`.dylib`, `.dll`) and `libembeddenator_interop.a`.
//!
//! - **Handles are numbers**, given out once and looked up at each call, so one that was freed, is of another kind or was made
//!   up is an error and nothing worse.
//! - **Every call returns a status**, and [`embeddenator_last_error`] has the message of the last one that failed on the
//!   same thread. Panics do not leave the library: they are a failure like others.
//! - **Pointers are checked** as far as they can be: null, misaligned, and lengths beyond what an address can be. A pointer to
//!   memory that is not there cannot be recognised; each function says what it reads and writes.
//! - **All calls may be made from any thread**, and no lock is held while a file is read or a callback runs.
//!
//! ```c
//! uint64_t engram;
//! if (embeddenator_engram_open("tree.egm", &engram) != EMBEDDENATOR_STATUS_OK) {
//!     char message[512];
//!     embeddenator_last_error(message, sizeof message);
//!     fprintf(stderr, "%s\n", message);
//! }
//! ```

mod codes;
mod engrams;
mod failure;
mod handles;
mod memory;
mod messages;
mod names;
mod objects;
mod searches;

pub use codes::{
    embeddenator_code_bind, embeddenator_code_bundle, embeddenator_code_from_bytes, embeddenator_code_new,
    embeddenator_code_of_bytes, embeddenator_code_of_signature, embeddenator_code_of_text,
    embeddenator_code_similarity, embeddenator_code_to_bytes, embeddenator_code_unbind,
};
pub use engrams::{
    EmbeddenatorCreateOptions, EmbeddenatorVerifyReport, embeddenator_engram_create,
    embeddenator_engram_extract, embeddenator_engram_open, embeddenator_engram_read,
    embeddenator_engram_verify,
};
pub use failure::EmbeddenatorStatus;
pub use handles::embeddenator_free;
pub use messages::{embeddenator_last_error, embeddenator_version};
pub use searches::{
    EmbeddenatorEntry, EmbeddenatorHit, EmbeddenatorKind, EmbeddenatorVisitEntry, EmbeddenatorVisitHit,
    embeddenator_engram_list, embeddenator_engram_query, embeddenator_engram_query_text,
};
