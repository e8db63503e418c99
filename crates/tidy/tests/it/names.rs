//! No unfinished work, no skipped tests, no module that names nothing.

use tidy::files::SourceFile;
use tidy::names::check;
use tidy::tokens::Tokens;

use crate::repository::{assert_clean, assert_refused, over_rust, over_snippet};

#[test]
fn code_is_finished_tests_run_and_modules_have_names() {
    assert_clean(&over_rust(check));
}

#[test]
fn macros_of_unfinished_work_are_refused() {
    for name in ["todo", "unimplemented", "dbg"] {
        assert_refused(&over_snippet(check, &format!("//! a\nfn b() {{\n    {name}!();\n}}\n")), 3, name);
    }
    assert_clean(&over_snippet(check, "//! a\nfn dbg() -> &'static str {\n    \"todo!()\"\n}\n"));
}

#[test]
fn skipped_tests_are_refused() {
    assert_refused(&over_snippet(check, "//! a\n#[test]\n#[ignore]\nfn b() {}\n"), 3, "#[ignore]");
    assert_refused(&over_snippet(check, "//! a\n#[ignore = \"slow\"]\nfn b() {}\n"), 2, "#[ignore]");
    assert_refused(&over_snippet(check, "//! a\n#[cfg_attr(miri, ignore)]\nfn b() {}\n"), 2, "#[ignore]");
}

#[test]
fn test_names_that_are_no_sentences_are_refused() {
    for name in ["a_record_is_kept", "the_log_is_trimmed", "it_works", "should_open"] {
        let text = format!("//! a\n#[test]\n#[cfg(unix)]\nfn {name}() {{}}\n");
        assert_refused(&over_snippet(check, &text), 4, name);
    }
    assert_clean(&over_snippet(check, "//! a\n#[test]\nfn record_is_kept() {}\nfn a_record() {}\n"));
}

#[test]
fn ignored_doc_tests_are_refused() {
    assert_refused(
        &over_snippet(check, "//! a\n/// ```rust,ignore\n/// b\n/// ```\nfn b() {}\n"),
        2,
        "doc test",
    );
    assert_clean(&over_snippet(check, "//! a\n/// ```text\n/// ignore\n/// ```\nfn b() {}\n"));
}

#[test]
fn modules_that_name_nothing_are_refused() {
    for path in ["crates/a/src/util.rs", "crates/a/src/common/mod.rs", "crates/a/tests/it/helpers.rs"] {
        let file = SourceFile::new(path, "//! a\n");
        let tokens = Tokens::lex(&file).expect("a snippet is Rust");
        assert_refused(&check(&file, &tokens), 1, "names nothing");
    }
    assert_refused(&over_snippet(check, "//! a\nmod misc {\n}\n"), 2, "names nothing");
    assert_clean(&over_snippet(check, "//! a\nmod storage {\n}\nuse std::core;\n"));
}
