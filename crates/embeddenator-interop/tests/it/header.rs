//! The header is what the sources say.

use std::fs;
use std::path::Path;

use cbindgen::{Builder, Config, EnumConfig, Language, RenameRule};

/// In the order in which the header has what is in them.
const SOURCES: [&str; 6] =
    ["failure.rs", "messages.rs", "handles.rs", "codes.rs", "engrams.rs", "searches.rs"];

#[test]
fn header_is_that_of_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let variants =
        EnumConfig { rename_variants: RenameRule::QualifiedScreamingSnakeCase, ..EnumConfig::default() };
    let config = Config { usize_is_size_t: true, enumeration: variants, ..Config::default() };
    let mut builder = Builder::new()
        .with_config(config)
        .with_language(Language::C)
        .with_cpp_compat(true)
        .with_include_guard("EMBEDDENATOR_H")
        .with_no_includes()
        .with_sys_include("stddef.h")
        .with_sys_include("stdint.h")
        .with_header("/* Embeddenator: codes and engrams. A test of embeddenator-interop makes this of its sources. */");
    for source in SOURCES {
        builder = builder.with_src(root.join("src").join(source));
    }
    let mut made = Vec::new();
    builder.generate().expect("is made").write(&mut made);
    let path = root.join("include/embeddenator.h");
    if std::env::var_os("EMBEDDENATOR_WRITE_HEADER").is_some() {
        fs::write(&path, &made).expect("writes");
    }
    let made = String::from_utf8(made).expect("is text");
    let kept = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        made == kept,
        "the sources have changed: run this test with EMBEDDENATOR_WRITE_HEADER=1 and keep what it writes\n{made}"
    );
}
