//! What the bytes of tables mean: names, keys, seals and one codec for each kind of row.

pub(in crate::storage) mod codec;
pub(in crate::storage) mod keys;
pub(in crate::storage) mod meta;
pub(in crate::storage) mod seal;
pub(in crate::storage) mod tables;
