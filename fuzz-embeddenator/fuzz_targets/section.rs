//! Opens bytes as a container of sections, as they are and with checksums that fit: no panic, and one form.
#![no_main]

use embeddenator_fuzz::seal;
use embeddenator_io::{Sections, SectionsBuilder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    open(bytes);
    let mut sealed = bytes.to_vec();
    seal::sections(&mut sealed);
    open(&sealed);
});

fn open(bytes: &[u8]) {
    let kind = seal::kind(bytes);
    let Ok(sections) = Sections::open(bytes, kind, &seal::LIMITS) else { return };
    assert_eq!(sections.iter().count(), sections.len());
    let verified = sections.verify();
    assert_eq!(verified.is_ok(), Sections::open_verified(bytes, kind, &seal::LIMITS).is_ok());
    let each = sections.iter().all(|section| sections.verify_section(section.kind).is_ok());
    assert_eq!(verified.is_ok(), each);
    if verified.is_ok() {
        let mut builder = SectionsBuilder::new(kind);
        for section in sections.iter() {
            builder.push(section.kind, section.bytes);
        }
        assert_eq!(builder.into_bytes().expect("it was built before"), bytes);
    }
}
