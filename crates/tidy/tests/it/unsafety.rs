//! The register of unsafe is exact and each use carries its note.

use tidy::unsafety::{REGISTER, check_notes, check_register};

use crate::repository::{assert_clean, assert_refused, here, over_rust, over_snippet, repository_of};

const KERNEL: &str = "crates/a/src/arch.rs";

/// A register with these rows, from its fourth line on.
fn register(rows: &str) -> String {
    format!("# Architecture\n\n<!-- register of unsafe: begin -->\n{rows}<!-- register of unsafe: end -->\n")
}

#[test]
fn register_lists_exactly_the_files_that_use_unsafe() {
    assert_clean(&check_register(&here()));
}

#[test]
fn each_unsafe_carries_its_note() {
    assert_clean(&over_rust(check_notes));
}

#[test]
fn unlisted_file_is_refused() {
    let listed = register("- `crates/a/src/arch.rs`: kernels\n");
    let uses = "//! a\nfn b() {\n    unsafe { c() }\n}\n";
    assert_clean(&check_register(&repository_of(&[(REGISTER, &listed), (KERNEL, uses)])));
    assert_refused(
        &check_register(&repository_of(&[(REGISTER, &register("")), (KERNEL, uses)])),
        3,
        "list the file",
    );
    let allows = "//! a\n#![allow(unsafe_code)]\n";
    assert_refused(
        &check_register(&repository_of(&[(REGISTER, &register("")), (KERNEL, allows)])),
        2,
        "list the file",
    );
}

#[test]
fn row_without_use_is_refused() {
    let listed = register("- `crates/a/src/arch.rs`: kernels\n");
    let safe =
        "//! The word unsafe in prose.\n#![deny(unsafe_code)]\n// unsafe\nconst A: &str = \"unsafe\";\n";
    assert_refused(
        &check_register(&repository_of(&[(REGISTER, &listed), (KERNEL, safe)])),
        4,
        "remove the row",
    );
    assert_refused(&check_register(&repository_of(&[(REGISTER, &listed)])), 4, "remove the row");
}

#[test]
fn register_without_form_is_refused() {
    assert_refused(&check_register(&repository_of(&[])), 1, "missing");
    assert_refused(&check_register(&repository_of(&[(REGISTER, "# Architecture\n")])), 1, "add both");
    assert_refused(&check_register(&repository_of(&[(REGISTER, &register("- `a.rs`\n"))])), 4, "why");
}

#[test]
fn unsafe_without_a_note_is_refused() {
    let bare = [
        "fn a() {\n    unsafe { b() }\n}\n",
        "unsafe impl Send for A {}\n",
        "#[unsafe(no_mangle)]\nfn a() {}\n",
    ];
    for text in bare {
        let line = 1 + text.lines().position(|line| line.contains("unsafe")).expect("each snippet has one");
        assert_refused(&over_snippet(check_notes, text), line, "SAFETY:");
    }
    let second = "fn a() {\n    // SAFETY: b holds.\n    unsafe { b() };\n    unsafe { c() }\n}\n";
    assert_refused(&over_snippet(check_notes, second), 4, "SAFETY:");
    let inside = "fn a() {\n    unsafe {\n        // SAFETY: too late.\n        b()\n    }\n}\n";
    assert_refused(&over_snippet(check_notes, inside), 2, "SAFETY:");
}

#[test]
fn unsafe_function_without_its_section_is_refused() {
    assert_refused(&over_snippet(check_notes, "/// Loads.\npub unsafe fn a() {}\n"), 2, "# Safety");
    assert_refused(
        &over_snippet(check_notes, "// SAFETY: no.\nunsafe extern \"C\" fn a() {}\n"),
        2,
        "# Safety",
    );
    assert_refused(&over_snippet(check_notes, "unsafe trait A {}\n"), 1, "# Safety");
}

#[test]
fn noted_unsafe_passes() {
    let text = "fn a() {\n    // SAFETY: b holds.\n    let c =\n        d(e, unsafe { f() });\n}\n\n\
                /// Loads.\n///\n/// # Safety\n/// `p` is valid.\n#[inline]\npub(crate) unsafe fn g(p: unsafe fn(u8)) {}\n\n\
                // SAFETY: A has no cells.\nunsafe impl Send for A {}\n";
    assert_clean(&over_snippet(check_notes, text));
}
