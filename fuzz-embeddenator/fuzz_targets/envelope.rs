//! Opens bytes as an envelope, as they are and with checksums that fit: no panic, and what opens has one form.
#![no_main]

use embeddenator_fuzz::seal;
use embeddenator_io::{Codec, Compression, Envelope};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    open(bytes);
    let mut sealed = bytes.to_vec();
    seal::envelope(&mut sealed);
    open(&sealed);
    wrap(bytes);
});

fn open(bytes: &[u8]) {
    let kind = seal::kind(bytes);
    let Ok((envelope, rest)) = Envelope::read_prefix(bytes, kind, &seal::LIMITS) else { return };
    assert_eq!(Envelope::read(bytes, kind, &seal::LIMITS).is_ok(), rest.is_empty());
    let Ok(content) = envelope.content() else { return };
    assert_eq!(content.len() as u64, envelope.header().raw_length);
    if envelope.header().codec == Codec::None {
        let again = Envelope::wrap(kind, &content, Compression::None).expect("it was wrapped before");
        assert_eq!(again, bytes[..bytes.len() - rest.len()]);
    }
}

fn wrap(content: &[u8]) {
    let compression = embeddenator_io::Profile::Fast.compression();
    let wrapped = Envelope::wrap(seal::kind(content), content, compression).expect("anything is wrapped");
    let opened = Envelope::open(&wrapped, seal::kind(content), &seal::LIMITS).expect("it was just wrapped");
    assert_eq!(*opened, *content);
}
