//! Opens bytes as each kind of stored index, as they are and with checksums that fit: no panic, and a consistent index.
#![no_main]

use embeddenator_fuzz::seal;
use embeddenator_retrieval::{Flat, Hierarchy, HierarchyOptions, Id, Index, Inverted};
use embeddenator_vsa::{BlockCode, SparseTernary};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    open(bytes);
    let mut sealed = bytes.to_vec();
    seal::sections(&mut sealed);
    open(&sealed);
});

fn open(bytes: &[u8]) {
    if let Ok(index) = Flat::open(bytes) {
        assert!(index.to_bytes().is_ok());
        use_index(index.clone(), &BlockCode::identity(index.shape()));
    }
    let options = HierarchyOptions { exact_items_max: 0, ..HierarchyOptions::default() };
    if let Ok(opened) = Hierarchy::open(bytes, options) {
        opened.index.check().expect("what was opened is consistent");
        let written = opened.index.to_bytes().expect("enough memory");
        let again = Hierarchy::open(&written, options).expect("it was written by us");
        assert!(again.damage.is_none());
        use_index(opened.index.clone(), &BlockCode::identity(opened.index.shape()));
    }
    if let Ok(index) = Inverted::open(bytes) {
        let query = SparseTernary::new(index.dimension(), vec![0], Vec::new()).expect("a dimension is 1 or more");
        use_index(index, &query);
    }
}

/// Searches, inserts and removes.
fn use_index<I: Index>(mut index: I, query: &I::Code) {
    let found = index.search(query, usize::MAX).expect("a query that fits");
    assert_eq!(found.len(), index.len());
    assert!(found.is_sorted());
    if index.insert(Id(3), query).is_ok() {
        assert_eq!(index.search(query, usize::MAX).expect("a query that fits").len(), found.len() + 1);
    }
    for hit in found {
        assert!(index.remove(hit.id).is_some(), "an item that was found is there");
    }
    index.remove(Id(3));
    assert!(index.is_empty());
}
