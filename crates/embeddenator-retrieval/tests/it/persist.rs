//! Stored indexes: they read back as written, and damage is an error or is repaired, never a wrong answer.

use std::path::PathBuf;

use embeddenator_io::{Kind, Limits, SectionKind, Sections, SectionsBuilder};
use embeddenator_retrieval::{
    Error, Flat, Hierarchy, HierarchyOptions, Id, Index, Inverted, SearchOptions, Similarity,
};
use embeddenator_vsa::{BlockCode, Random, Shape, SparseTernary};

use crate::data::{clusters, insert_all, random_codes, shuffle, tiny};

const FLAT: Kind = Kind(0x5201);
const HIERARCHY: Kind = Kind(0x5202);
const INVERTED: Kind = Kind(0x5203);

fn options() -> HierarchyOptions {
    HierarchyOptions::default()
}

/// A few items, some of them removed.
fn fill(index: &mut dyn Index<Code = BlockCode>) {
    for (id, code) in [40, 7, 1 << 60, 9, 3].map(Id).iter().zip(&random_codes(tiny(), 5, 1)) {
        index.insert(*id, code).expect("a new id");
    }
    index.remove(Id(7)).expect("it was inserted");
}

fn flat() -> Flat {
    let mut index = Flat::new(tiny());
    fill(&mut index);
    index
}

fn hierarchy() -> Hierarchy {
    let mut index = Hierarchy::new(tiny());
    fill(&mut index);
    index
}

fn sparse(number: u64) -> SparseTernary {
    let mut random = Random::new(number);
    let indexes: Vec<u32> = (0..50).filter(|_| random.below(4) == 0).collect();
    let (plus, minus) = indexes.into_iter().partition(|_| random.below(2) == 0);
    SparseTernary::new(50, plus, minus).expect("ascending")
}

fn inverted() -> Inverted {
    let mut index = Inverted::new(50, Similarity::Dot).expect("a dimension");
    for id in [40, 7, 1 << 60, 9, 3] {
        index.insert(Id(id), &sparse(id)).expect("a new id");
    }
    index.remove(Id(7)).expect("it was inserted");
    index
}

/// All items, by a search: the result that must never be wrong.
fn all<C: Sync>(index: &dyn Index<Code = C>, query: &C) -> String {
    format!("{:?}", index.search(query, usize::MAX).expect("one shape"))
}

fn golden(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn bytes_are_those_of_the_golden_files() {
    for (name, bytes) in [
        ("flat.bin", flat().to_bytes()),
        ("hierarchy.bin", hierarchy().to_bytes()),
        ("inverted.bin", inverted().to_bytes()),
    ] {
        assert!(bytes.expect("enough memory") == golden(name), "{name}");
    }
}

#[test]
fn golden_files_are_read() {
    let query = BlockCode::identity(tiny());
    let read = Flat::open(&golden("flat.bin")).expect("a flat index");
    assert_eq!(all(&read, &query), all(&flat(), &query));
    let read = Hierarchy::open(&golden("hierarchy.bin"), options()).expect("a hierarchy");
    assert!(read.damage.is_none());
    assert_eq!(read.index, hierarchy());
    let read = Inverted::open(&golden("inverted.bin")).expect("an inverted index");
    assert_eq!(all(&read, &sparse(1)), all(&inverted(), &sparse(1)));
}

#[test]
fn large_hierarchy_reads_back_as_written_and_continues_the_same_way() {
    let mut codes = clusters(Shape::DEFAULT, 9_000, 40, 0.3, 2);
    shuffle(&mut codes, 3);
    let mut index = Hierarchy::new(Shape::DEFAULT);
    insert_all(&mut index, &codes[..8_000]);
    for id in (0..8_000).step_by(3).map(Id) {
        index.remove(id).expect("it was inserted");
    }
    let mut bytes = Vec::new();
    index.write_to(&mut bytes).expect("memory takes all");
    assert!(bytes == index.to_bytes().expect("enough memory"));
    let mut read = Hierarchy::open(&bytes, options()).expect("a hierarchy").index;
    assert_eq!(read, index);
    read.check().expect("nodes, ids and counters agree");
    for (id, code) in (10_000..).map(Id).zip(&codes[8_000..]) {
        index.insert(id, code).expect("a new id");
        read.insert(id, code).expect("a new id");
    }
    assert_eq!(read, index);
}

#[test]
fn hierarchy_of_nearly_empty_nodes_is_packed() {
    let mut index = Hierarchy::new(Shape::DEFAULT);
    insert_all(&mut index, &random_codes(Shape::DEFAULT, 30_000, 4));
    for id in (0..30_000).filter(|id| id % 60 != 0).map(Id) {
        index.remove(id).expect("it was inserted");
    }
    assert!(index.stats().nodes > 300, "{:?}", index.stats());
    let read = Hierarchy::open(&index.to_bytes().expect("enough memory"), options()).expect("a hierarchy");
    assert!(read.damage.is_none());
    assert!(read.index.stats().nodes < 100, "{:?}", read.index.stats());
    let query = BlockCode::identity(Shape::DEFAULT);
    assert_eq!(all(&read.index, &query), all(&index, &query));
}

#[test]
fn hierarchy_of_long_codes_reads_back_as_written() {
    // With 4096 blocks a node holds only 7 codes.
    let shape = Shape::new(4096, 1).expect("a shape");
    let mut index = Hierarchy::new(shape);
    insert_all(&mut index, &vec![BlockCode::identity(shape); 3_600]);
    let read = Hierarchy::open(&index.to_bytes().expect("enough memory"), options()).expect("a hierarchy");
    assert!(read.damage.is_none(), "{:?}", read.damage);
    assert_eq!(read.index, index);
}

#[test]
fn empty_indexes_are_kept() {
    let flat = Flat::new(Shape::LARGE).to_bytes().expect("enough memory");
    let read = Flat::open(&flat).expect("a flat index");
    assert_eq!((read.len(), read.shape()), (0, Shape::LARGE));
    let empty = Hierarchy::new(Shape::LARGE);
    let read = Hierarchy::open(&empty.to_bytes().expect("enough memory"), options()).expect("a hierarchy");
    assert_eq!(read.index, empty);
    let empty = Inverted::new(7, Similarity::Cosine).expect("a dimension");
    let read = Inverted::open(&empty.to_bytes().expect("enough memory")).expect("an inverted index");
    assert_eq!((read.len(), read.dimension(), read.similarity()), (0, 7, Similarity::Cosine));
}

#[test]
fn truncated_bytes_are_refused_at_each_length() {
    let (flat, hierarchy, inverted) = (golden("flat.bin"), golden("hierarchy.bin"), golden("inverted.bin"));
    for length in 0..flat.len() {
        assert!(matches!(Flat::open(&flat[..length]), Err(Error::Bytes(_))), "{length}");
    }
    for length in 0..hierarchy.len() {
        let read = Hierarchy::open(&hierarchy[..length], options());
        assert!(matches!(read, Err(Error::Bytes(_))), "{length}");
    }
    for length in 0..inverted.len() {
        assert!(matches!(Inverted::open(&inverted[..length]), Err(Error::Bytes(_))), "{length}");
    }
}

#[test]
fn flipped_byte_is_refused_or_repaired_and_never_changes_an_answer() {
    let (flat, hierarchy, inverted) = (golden("flat.bin"), golden("hierarchy.bin"), golden("inverted.bin"));
    let query = BlockCode::identity(tiny());
    let expected = all(&self::hierarchy(), &query);
    let mut repaired = 0;
    for flip in [1, 0x80, 0xff] {
        for at in 0..flat.len() {
            let mut damaged = flat.clone();
            damaged[at] ^= flip;
            assert!(Flat::open(&damaged).is_err(), "byte {at}");
        }
        for at in 0..inverted.len() {
            let mut damaged = inverted.clone();
            damaged[at] ^= flip;
            assert!(Inverted::open(&damaged).is_err(), "byte {at}");
        }
        for at in 0..hierarchy.len() {
            let mut damaged = hierarchy.clone();
            damaged[at] ^= flip;
            if let Ok(read) = Hierarchy::open(&damaged, options()) {
                assert!(matches!(read.damage, Some(Error::Bytes(_))), "byte {at}: {:?}", read.damage);
                assert_eq!(all(&read.index, &query), expected, "byte {at}");
                read.index.check().expect("nodes, ids and counters agree");
                repaired += 1;
            }
        }
    }
    assert!(repaired >= 3, "the table of nodes has at least one byte");
}

/// The container with one section replaced and matching checksums.
fn forged(bytes: &[u8], kind: Kind, section: u16, replace: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let sections = Sections::open_verified(bytes, kind, &Limits::default()).expect("a container");
    let mut builder = SectionsBuilder::new(kind);
    for found in sections.iter() {
        let mut content = found.bytes.to_vec();
        if found.kind == SectionKind(section) {
            replace(&mut content);
        }
        builder.push(found.kind, content);
    }
    builder.into_bytes().expect("enough memory")
}

#[test]
fn forged_bytes_with_matching_checksums_are_refused() {
    let (flat, inverted) = (golden("flat.bin"), golden("inverted.bin"));
    let doubled = |ids: &mut Vec<u8>| ids.copy_within(0..8, 8);
    let open = |section, replace: &dyn Fn(&mut Vec<u8>)| Flat::open(&forged(&flat, FLAT, section, replace));
    assert!(matches!(open(2, &doubled), Err(Error::Malformed { what: "an id", .. })));
    assert!(matches!(open(1, &|head| head[0] = 0), Err(Error::Code(_))));
    assert!(matches!(open(1, &|head| head[4] = 1), Err(Error::Bytes(_))));
    assert!(matches!(open(1, &|head| head.push(0)), Err(Error::Bytes(_))));
    assert!(matches!(open(1, &|head| head[8] += 1), Err(Error::Bytes(_))));
    assert!(matches!(open(1, &|head| head[8] -= 1), Err(Error::Bytes(_))));
    // More items than possible, and more than there are bytes for: nothing is allocated.
    assert!(matches!(open(1, &|head| head[8..].fill(0xff)), Err(Error::Malformed { what: "the head", .. })));
    assert!(matches!(
        open(1, &|head| head[8..12].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f])),
        Err(Error::Bytes(_))
    ));
    assert!(matches!(open(3, &|codes| codes[0] = 8), Err(Error::Code(_))));
    assert!(matches!(open(3, &|codes| codes[8] = 1), Err(Error::Code(_))));
    assert!(matches!(open(3, &|codes| codes.truncate(1)), Err(Error::Bytes(_))));

    let open = |section, replace: &dyn Fn(&mut Vec<u8>)| {
        Inverted::open(&forged(&inverted, INVERTED, section, replace))
    };
    assert!(matches!(open(2, &doubled), Err(Error::Malformed { what: "an id", .. })));
    assert!(matches!(open(1, &|head| head[4] = 2), Err(Error::Malformed { what: "the similarity", .. })));
    assert!(matches!(open(1, &|head| head[..4].fill(0)), Err(Error::Code(_))));
    assert!(matches!(open(1, &|head| head[..4].fill(0xff)), Err(Error::Code(_))));
    assert!(matches!(open(1, &|head| head[8..].fill(0xff)), Err(Error::Malformed { what: "the head", .. })));
    assert!(matches!(open(5, &|counts| counts[..4].fill(0xff)), Err(Error::Bytes(_))));
    assert!(matches!(open(5, &|counts| counts.push(0)), Err(Error::Bytes(_))));
    assert!(matches!(open(6, &|indexes| indexes[0] = 200), Err(Error::Code(_))));
    assert!(matches!(open(6, &|indexes| indexes.extend([0; 4])), Err(Error::Bytes(_))));
    assert!(matches!(Inverted::open(&flat), Err(Error::Bytes(_))), "another kind");
}

#[test]
fn impossible_table_of_nodes_is_rebuilt() {
    let mut index = Hierarchy::new(Shape::DEFAULT);
    insert_all(&mut index, &clusters(Shape::DEFAULT, 600, 30, 0.3, 5));
    let bytes = index.to_bytes().expect("enough memory");
    let query = BlockCode::identity(Shape::DEFAULT);
    let expected = all(&index, &query);
    let tables: [fn(&mut Vec<u8>); 7] = [
        |sizes| sizes.clear(),
        |sizes| sizes[0] = 0,
        |sizes| sizes[0] = 65,
        |sizes| sizes.push(1),
        |sizes| sizes.push(0),
        |sizes| *sizes = vec![1; 600],
        |sizes| *sizes = vec![0; 1 << 20],
    ];
    for (number, table) in tables.into_iter().enumerate() {
        let read = Hierarchy::open(&forged(&bytes, HIERARCHY, 4, table), options()).expect("codes and ids");
        let malformed = matches!(read.damage, Some(Error::Malformed { what: "the table of nodes", .. }));
        assert!(malformed, "table {number}: {:?}", read.damage);
        assert_eq!(all(&read.index, &query), expected, "table {number}");
        read.index.check().expect("nodes, ids and counters agree");
    }
    // A duplicate id cannot be repaired.
    let doubled = |ids: &mut Vec<u8>| ids.copy_within(0..8, 8);
    let read = Hierarchy::open(&forged(&bytes, HIERARCHY, 2, doubled), options());
    assert!(matches!(read, Err(Error::Malformed { what: "an id", .. })));
}

#[test]
fn rebuilt_index_finds_what_the_damaged_one_found() {
    let codes = clusters(Shape::DEFAULT, 10_000, 50, 0.3, 6);
    let mut index = Hierarchy::new(Shape::DEFAULT);
    insert_all(&mut index, &codes);
    let mut bytes = index.to_bytes().expect("enough memory");
    // The table of nodes is the last section.
    *bytes.last_mut().expect("some bytes") ^= 1;
    let read = Hierarchy::open(&bytes, options()).expect("codes and ids");
    assert!(matches!(read.damage, Some(Error::Bytes(_))), "{:?}", read.damage);
    let found = read.index.search_batch(&codes[..500], 1, &SearchOptions::default()).expect("one shape");
    assert_eq!(found, index.search_batch(&codes[..500], 1, &SearchOptions::default()).expect("one shape"));
}
