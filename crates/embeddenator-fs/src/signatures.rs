//! Signatures as they are stored, read on demand.

use std::collections::HashMap;

use embeddenator_io::Error as Bytes;
use embeddenator_vsa::{BlockCode, Codes};

use crate::error::Result;
use crate::store::read::Store;

/// The signatures of an engram by their numbers.
pub(crate) struct Signatures<'a> {
    store: &'a Store,
    tables: HashMap<usize, Codes>,
}

impl<'a> Signatures<'a> {
    /// None is read yet.
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store, tables: HashMap::new() }
    }

    /// The signature of a number.
    pub(crate) fn get(&mut self, number: u32) -> Result<BlockCode> {
        let runs = &self.store.runs.signatures;
        let at = runs.partition_point(|row| row.signatures.end() <= number);
        if let Some(row) = runs.get(at) {
            let table = match self.tables.entry(at) {
                std::collections::hash_map::Entry::Occupied(table) => table.into_mut(),
                std::collections::hash_map::Entry::Vacant(vacant) => {
                    vacant.insert(self.store.signatures(&row.blob, row.signatures)?)
                }
            };
            if let Some(code) = table.get((number - row.signatures.first) as usize) {
                return Ok(code.to_code());
            }
        }
        let (what, offset) = ("a signature", self.store.footer.offset);
        let reason = "its number is beyond those that there are";
        Err(self.store.damaged(format!("signature {number}"), Bytes::Malformed { what, offset, reason }))
    }
}
