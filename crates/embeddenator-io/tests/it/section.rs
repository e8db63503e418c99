//! Containers of sections: round trips, damage, and what each call verifies.

use embeddenator_io::{Error, Kind, Limits, SECTION_ALIGNMENT, SectionKind, Sections, SectionsBuilder};
use proptest::prelude::*;

use crate::damage::refuses_all;

const KIND: Kind = Kind(77);

fn build(sections: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut builder = SectionsBuilder::new(KIND);
    for (kind, bytes) in sections {
        builder.push(SectionKind(*kind), bytes.as_slice());
    }
    let bytes = builder.clone().into_bytes().expect("builds");
    let mut written = Vec::new();
    builder.write_to(&mut written).expect("writes");
    assert_eq!(written, bytes, "both ways write the same");
    bytes
}

fn open(bytes: &[u8]) -> embeddenator_io::Result<Sections<'_>> {
    Sections::open(bytes, KIND, &Limits::default())
}

#[test]
fn damaged_container_is_refused() {
    for sections in [
        vec![],
        vec![(1, vec![])],
        vec![(1, vec![9; 70]), (2, vec![]), (1, vec![3; 64]), (4, vec![1, 2, 3])],
        vec![(1, vec![1]), (2, vec![])],
    ] {
        let bytes = build(&sections);
        refuses_all(&bytes, 0, |bytes| {
            Sections::open_verified(bytes, KIND, &Limits::default()).map(|sections| sections.len())
        });
    }
}

#[test]
fn opening_looks_at_header_and_table_only() {
    let bytes = build(&[(1, vec![9; 70]), (2, vec![8; 5])]);
    let first = open(&bytes).expect("opens").section(SectionKind(1)).expect("there").offset as usize;
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        // The padding after the table is at 144..192.
        assert_eq!(open(&damaged).is_ok(), at >= 64 + 2 * 40, "byte {at}; sections begin at {first}");
    }
}

#[test]
fn verifying_a_section_covers_it_and_the_padding_before_it() {
    let bytes = build(&[(1, vec![9; 70]), (2, vec![8; 5])]);
    let (one, two) = (192, 320);
    assert_eq!(open(&bytes).expect("opens").section(SectionKind(2)).expect("there").offset, two);
    for at in 144..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let sections = open(&damaged).expect("opens");
        let in_first = at < one + 70;
        let first = sections.verify_section(SectionKind(1));
        let second = sections.verify_section(SectionKind(2));
        assert_eq!((first.is_err(), second.is_err()), (in_first, !in_first), "byte {at}");
        let error = first.and(second).expect_err("one of them");
        let is_padding = at < one || (in_first.eq(&false) && (at as u64) < two);
        match error {
            Error::Malformed { offset, .. } => assert!(is_padding && offset == at as u64, "byte {at}"),
            Error::ChecksumMismatch { offset, .. } => {
                assert!(!is_padding && offset == if in_first { one as u64 } else { two }, "byte {at}");
            }
            other => panic!("byte {at}: {other}"),
        }
        assert!(sections.verify().is_err());
    }
}

#[test]
fn section_is_found_only_if_it_is_the_only_one_of_its_kind() {
    let bytes = build(&[(1, vec![1]), (2, vec![2]), (2, vec![3, 3])]);
    let sections = open(&bytes).expect("opens");
    assert_eq!((sections.len(), sections.is_empty(), sections.kind()), (3, false, KIND));
    assert_eq!(sections.section(SectionKind(1)).expect("there").bytes, [1]);
    for (kind, found) in [(2, 2), (3, 0)] {
        let error = sections.section(SectionKind(kind)).expect_err("not one");
        assert!(matches!(error, Error::SectionCount { count, .. } if count == found), "{error}");
    }
    let all: Vec<_> = sections.iter().map(|section| (section.kind.0, section.bytes.to_vec())).collect();
    assert_eq!(all, [(1, vec![1]), (2, vec![2]), (2, vec![3, 3])]);
    assert!(open(&build(&[])).expect("opens").is_empty());
}

#[test]
fn number_of_sections_is_limited() {
    let bytes = build(&[(1, vec![1]), (2, vec![2]), (3, vec![3])]);
    let open = |sections_max| Sections::open(&bytes, KIND, &Limits { sections_max, ..Limits::default() });
    assert!(open(3).is_ok());
    let error = open(2).expect_err("one too many");
    assert!(matches!(error, Error::LimitExceeded { value: 3, limit: 2, .. }), "{error}");
}

#[test]
fn failing_writer_is_an_error() {
    let mut builder = SectionsBuilder::new(KIND);
    builder.push(SectionKind(1), vec![1; 100]);
    let mut room = [0; 200];
    let error = builder.write_to(&mut room.as_mut_slice()).expect_err("there is no room");
    assert!(matches!(error, Error::Stream { .. }), "{error}");
}

proptest! {
    #[test]
    fn any_sections_come_back(
        sections in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..200)), 0..12),
    ) {
        let bytes = build(&sections);
        let opened = Sections::open_verified(&bytes, KIND, &Limits::default()).expect("opens");
        let mut end = 0;
        let mut found = Vec::new();
        for section in opened.iter() {
            prop_assert_eq!(section.offset % SECTION_ALIGNMENT as u64, 0);
            prop_assert!(section.offset >= end);
            end = section.offset + section.bytes.len() as u64;
            let range = section.offset as usize..end as usize;
            prop_assert_eq!(bytes[range].as_ptr(), section.bytes.as_ptr(), "it is not copied");
            found.push((section.kind.0, section.bytes.to_vec()));
        }
        prop_assert_eq!(found, sections);
    }

    #[test]
    fn foreign_bytes_never_panic(bytes: Vec<u8>) {
        prop_assert!(open(&bytes).is_err());
    }
}
