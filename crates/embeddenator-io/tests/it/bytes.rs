//! The cursor and its twin.

use embeddenator_io::{ByteWriter, Cursor, Error};
use proptest::prelude::*;

#[test]
fn each_number_reads_back_as_it_was_written() {
    let mut writer = ByteWriter::new();
    writer.u8(1).u16(0x0203).u32(0x0405_0607).u64(0x0809_0a0b_0c0d_0e0f);
    writer.i32(-2).i64(-3).f32(1.5).f64(f64::NEG_INFINITY).bytes(b"end").align(8).zeros(3);
    assert_eq!(writer.len(), 51);
    assert_eq!(&writer.as_bytes()[..7], [1, 3, 2, 7, 6, 5, 4], "numbers are little-endian");

    let bytes = writer.into_bytes();
    let mut cursor = Cursor::new(&bytes);
    assert_eq!(cursor.u8("a").expect("there"), 1);
    assert_eq!(cursor.u16("b").expect("there"), 0x0203);
    assert_eq!(cursor.u32("c").expect("there"), 0x0405_0607);
    assert_eq!(cursor.u64("d").expect("there"), 0x0809_0a0b_0c0d_0e0f);
    assert_eq!(cursor.i32("e").expect("there"), -2);
    assert_eq!(cursor.i64("f").expect("there"), -3);
    assert_eq!(cursor.f32("g").expect("there").to_bits(), 1.5_f32.to_bits());
    assert_eq!(cursor.f64("h").expect("there").to_bits(), f64::NEG_INFINITY.to_bits());
    assert_eq!(cursor.take(3, "i").expect("there"), b"end");
    assert_eq!((cursor.offset(), cursor.remaining()), (42, 9));
    cursor.zeros(6, "padding").expect("zeros");
    assert_eq!(cursor.rest(), [0; 3]);
    cursor.finish("all").expect("nothing is left");
}

#[test]
fn failed_read_names_thing_and_place_and_moves_nothing() {
    let bytes = [1, 2, 3];
    let mut cursor = Cursor::with_offset(&bytes, 100);
    assert_eq!(cursor.u8("first").expect("there"), 1);
    for _ in 0..2 {
        let error = cursor.u32("the count").expect_err("two bytes are no u32");
        assert!(
            matches!(error, Error::Truncated { what: "the count", offset: 101, needed: 4, remaining: 2 }),
            "{error}"
        );
    }
    let error = cursor.zeros(2, "padding").expect_err("they are not zero");
    assert!(matches!(error, Error::Malformed { what: "padding", offset: 101, .. }), "{error}");
    let error = cursor.clone().finish("the list").expect_err("two bytes are left");
    assert!(matches!(error, Error::TrailingBytes { what: "the list", offset: 101, count: 2 }), "{error}");
    assert_eq!(cursor.array::<2>("rest").expect("there"), [2, 3]);
}

#[test]
fn absurd_counts_are_cut_short() {
    let bytes = [0; 16];
    let mut cursor = Cursor::with_offset(&bytes, u64::MAX);
    for (count, size) in [(u64::MAX, 1), (u64::MAX, usize::MAX), (3, 8), (1 << 63, 2)] {
        let error = cursor.items(count, size, "items").expect_err("there are fewer");
        assert!(matches!(error, Error::Truncated { what: "items", remaining: 16, .. }), "{error}");
    }
    let error = cursor.items(u64::MAX, 0, "items").expect_err("no bytes hold no list");
    assert!(matches!(error, Error::Malformed { what: "items", .. }), "{error}");
    assert!(cursor.items(0, 0, "items").expect("no items of no bytes").is_empty());
    assert!(cursor.take_u64(u64::MAX, "all").is_err());
    assert!(cursor.take(usize::MAX, "all").is_err());
    assert_eq!(cursor.items(2, 8, "items").expect("there").len(), 16);
    assert_eq!(cursor.offset(), u64::MAX, "the offset saturates");
}

proptest! {
    #[test]
    fn takes_split_the_bytes_without_loss(bytes: Vec<u8>, cuts in prop::collection::vec(0_usize..40, 0..20)) {
        let mut cursor = Cursor::new(&bytes);
        let mut seen = Vec::new();
        for cut in cuts {
            let left = cursor.remaining();
            match cursor.take(cut, "part") {
                Ok(part) => seen.extend_from_slice(part),
                Err(error) => {
                    prop_assert!(cut > left, "{error}");
                    prop_assert_eq!(cursor.remaining(), left);
                }
            }
            prop_assert_eq!(cursor.offset(), seen.len() as u64);
        }
        seen.extend_from_slice(cursor.rest());
        prop_assert_eq!(seen, bytes);
    }
}
