//! Messages of released formats, kept as files: each decodes to the same value and encodes to the same bytes.
//!
//! Until format 1 is released, this regenerates them:
//!
//! ```text
//! EMBEDDENATOR_WRITE_GOLDEN=1 cargo test -p embeddenator-vsa --test it golden
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use embeddenator_vsa::{BlockCode, Codes, Counts, Planes, SparseTernary, wire};

use super::Samples;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1").join(name).with_extension("bin")
}

#[test]
fn golden_messages_are_written_byte_for_byte() {
    for (name, message, _) in Samples::new().messages() {
        if std::env::var_os("EMBEDDENATOR_WRITE_GOLDEN").is_some() {
            fs::write(file(name), &message).unwrap();
        }
        assert_eq!(fs::read(file(name)).unwrap(), message, "{name}");
    }
}

#[test]
fn golden_messages_decode_to_what_they_were() {
    let samples = Samples::new();
    let read = |name: &str| fs::read(file(name)).unwrap();
    assert_eq!(wire::decode::<BlockCode>(&read("block_code")), Ok(samples.code));
    assert_eq!(wire::decode::<Codes>(&read("codes")), Ok(samples.codes));
    assert_eq!(wire::decode::<Counts>(&read("counts")), Ok(samples.counts));
    assert_eq!(wire::decode::<Planes>(&read("planes")), Ok(samples.planes));
    assert_eq!(wire::decode::<SparseTernary>(&read("sparse_ternary")), Ok(samples.sparse));
}

#[test]
fn message_has_the_bytes_of_the_document() {
    let code = BlockCode::from_bytes(embeddenator_vsa::Shape::new(2, 8).unwrap(), &[3, 0x85]).unwrap();
    let mut expected = b"EMBEDVSA\x01\0\x01\0\x02\0\0\0\x08\0\0\0\0\0\0\0".to_vec();
    expected.extend([1, 0, 2].map(u64::to_le_bytes).concat());
    expected.extend([0; 16]);
    expected.extend([3, 0x85]);
    super::seal(&mut expected);
    assert_eq!(wire::encode(&code), expected);
}
