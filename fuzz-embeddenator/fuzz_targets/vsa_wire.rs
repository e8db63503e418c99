//! Decodes bytes as each kind of message of codes, as they are and with checksums that fit: no panic, and one form.
#![no_main]

use embeddenator_fuzz::seal;
use embeddenator_vsa::wire::{self, Message};
use embeddenator_vsa::{BlockCode, Codes, Counts, Planes, SparseTernary};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    decode_all(bytes);
    let mut sealed = bytes.to_vec();
    seal::codes(&mut sealed);
    decode_all(&sealed);
});

fn decode_all(bytes: &[u8]) {
    let found = [
        decode::<BlockCode>(bytes),
        decode::<Codes>(bytes),
        decode::<Counts>(bytes),
        decode::<Planes>(bytes),
        decode::<SparseTernary>(bytes),
    ];
    let found = found.into_iter().filter(|found| *found).count();
    assert!(found <= 1, "a message is of one kind");
    if found == 1 {
        assert_eq!(wire::head(bytes).expect("it was decoded").bytes, bytes.len() as u64);
    }
    let view = wire::view(bytes);
    assert_eq!(view.as_ref().ok().copied(), wire::decode::<Codes>(bytes).as_ref().ok().map(Codes::view));
    if let Ok(view) = view
        && let Some(query) = view.get(0)
    {
        // A code is at least as near to itself as to any other.
        let nearest = view.nearest(query, 1).expect("one shape");
        assert_eq!(nearest.first().map(|found| found.dot), Some(view.shape().blocks() as i32));
    }
}

/// What is decoded is encoded again to the same bytes.
fn decode<T: Message>(bytes: &[u8]) -> bool {
    let Ok(value) = wire::decode::<T>(bytes) else { return false };
    assert_eq!(wire::encode(&value), bytes);
    true
}
