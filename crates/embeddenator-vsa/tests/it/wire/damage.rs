//! Accidents: every truncation and every flipped byte is a typed error.

use embeddenator_vsa::{Error, wire};

use super::{DECODERS, Samples};

#[test]
fn message_truncated_at_any_length_is_refused() {
    for (name, message, decode) in Samples::new().messages() {
        for length in 0..message.len() {
            let expected = if length < 64 { 64 } else { message.len() as u64 };
            let refused = Err(Error::MessageLength { expected, found: length as u64 });
            assert_eq!(decode(&message[..length]), refused, "{name} cut at {length}");
        }
    }
}

#[test]
fn appended_bytes_are_refused() {
    for (name, mut message, decode) in Samples::new().messages() {
        let expected = message.len() as u64;
        message.push(0);
        assert_eq!(decode(&message), Err(Error::MessageLength { expected, found: expected + 1 }), "{name}");
    }
}

#[test]
fn each_flipped_byte_is_a_typed_error() {
    for (name, message, decode) in Samples::new().messages() {
        let mut damaged = message.clone();
        for at in 0..message.len() {
            for flip in 1..=255 {
                damaged[at] = message[at] ^ flip;
                let refused = match at {
                    0..8 => Error::NotMessage,
                    8..64 => Error::Damaged { what: "header" },
                    _ => Error::Damaged { what: "payload" },
                };
                assert_eq!(decode(&damaged), Err(refused), "{name}: byte {at} flipped by {flip}");
            }
            damaged[at] = message[at];
        }
        assert_eq!(decode(&damaged), Ok(()));
    }
}

#[test]
fn view_finds_the_same_damage() {
    let (_, message, _) = &Samples::new().messages()[1];
    for at in 0..message.len() {
        let mut damaged = message.clone();
        damaged[at] ^= 1;
        assert_eq!(wire::view(&damaged).err(), DECODERS[1](&damaged).err());
        assert!(wire::view(&damaged).is_err());
    }
}
