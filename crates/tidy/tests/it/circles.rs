//! No two files of a crate import each other in a circle.

use tidy::circles::check;
use tidy::fault::{Fault, report};
use tidy::files::SourceFile;
use tidy::tables::{CIRCLES, CircleTable};

use crate::repository::{assert_clean, assert_refused, here};

#[test]
fn no_files_import_each_other_in_a_circle() {
    assert_clean(&check(&CIRCLES, &here().files));
}

#[test]
fn excepted_files_have_a_reason() {
    for (path, reason) in CIRCLES.words {
        assert!(reason.split(' ').count() > 3, "{path} is excepted without a reason: {reason:?}");
    }
}

const NOTHING_EXCEPTED: CircleTable = CircleTable { words: &[], to_cut: &[] };

/// Checks a crate of these files, as (path below `src`, text).
fn faults_with(table: &CircleTable, files: &[(&str, &str)]) -> Vec<Fault> {
    let files: Vec<SourceFile> = files
        .iter()
        .map(|(path, text)| SourceFile::new(&format!("crates/sample/src/{path}"), text))
        .collect();
    check(table, &files)
}

fn faults_of(files: &[(&str, &str)]) -> Vec<Fault> {
    faults_with(&NOTHING_EXCEPTED, files)
}

#[test]
fn two_files_that_import_each_other_are_refused_with_lines_and_remedy() {
    let faults = faults_of(&[
        ("lib.rs", "mod log;\nmod view;\n"),
        ("log.rs", "//! a\nuse crate::view::View;\n"),
        ("view.rs", "//! a\n\nuse super::log::{self, Row};\n"),
    ]);
    assert_refused(&faults, 2, "log.rs imports view.rs on line 2, view.rs imports log.rs on line 3");
    assert_refused(&faults, 2, "move what both sides need to a file below them");
    assert_eq!(faults[0].path, "crates/sample/src/log.rs");
}

#[test]
fn circle_through_others_is_refused_at_its_shortest_with_the_whole_knot() {
    let faults = faults_of(&[
        ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\n"),
        ("a.rs", "use crate::b::B;\n"),
        ("b.rs", "use crate::c::C;\n"),
        ("c.rs", "use crate::d::D;\nuse crate::a::A;\n"),
        ("d.rs", "use crate::c::C;\n"),
    ]);
    assert_refused(&faults, 1, "c.rs imports d.rs on line 1, d.rs imports c.rs on line 1");
    assert_refused(&faults, 1, "(of the knot a.rs, b.rs, c.rs, d.rs)");
}

#[test]
fn two_circles_are_two_faults() {
    let faults = faults_of(&[
        ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\n"),
        ("a.rs", "use crate::b::B;\n"),
        ("b.rs", "use crate::a::A;\nuse crate::c::C;\n"),
        ("c.rs", "use crate::d::D;\n"),
        ("d.rs", "use crate::c::C;\n"),
    ]);
    assert_eq!(faults.len(), 2, "{}", report(&faults));
}

#[test]
fn imports_in_one_direction_pass() {
    assert_clean(&faults_of(&[
        ("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;\npub use c::C;\n"),
        ("a.rs", "use crate::b::B;\nuse crate::c::C;\nuse std::fmt;\nuse ::log::info;\n"),
        ("b.rs", "use crate::c::C;\nfn f() { serde::to_vec(); Self::g(); }\n"),
        ("c.rs", "struct C;\n"),
    ]));
}

#[test]
fn path_in_code_is_an_import() {
    for code in [
        "fn f() { crate::b::g(); }\n",
        "fn f() { super::b::g(); }\n",
        "use crate::b;\nfn f() { b::g(); }\n",
        "use crate::b as other;\nfn f() { other::g(); }\n",
        "fn f() { assert!(crate::b::g()); }\n",
        "mod inner { use super::super::b::B; }\n",
    ] {
        let faults =
            faults_of(&[("lib.rs", "mod a;\nmod b;\n"), ("a.rs", code), ("b.rs", "use crate::a::A;\n")]);
        assert_eq!(faults.len(), 1, "{code}: {}", report(&faults));
    }
}

#[test]
fn module_named_alone_and_visibility_are_no_imports() {
    for code in ["use crate::b;\n", "use crate::b::{self};\n", "pub(in crate::b) fn f() {}\n", "mod c;\n"] {
        assert_clean(&faults_of(&[
            ("lib.rs", "mod a;\nmod b;\n"),
            ("a.rs", code),
            ("b.rs", "use crate::a::A;\n"),
        ]));
    }
}

#[test]
fn name_re_exported_above_is_an_import_of_its_own_file() {
    let re_exports =
        "mod log;\nmod view;\npub(crate) use log::Row as LogRow;\npub(crate) use self::view::View;\n";
    let through_the_module_above = [
        ("lib.rs", "mod store;\npub use store::LogRow;\n"),
        ("store/mod.rs", re_exports),
        ("store/log.rs", "use super::View;\npub struct Row;\n"),
        ("store/view.rs", "use crate::LogRow;\npub struct View;\n"),
    ];
    assert_refused(&faults_of(&through_the_module_above), 1, "store/view.rs imports store/log.rs on line 1");
    let by_globs = [
        ("lib.rs", "mod a;\nmod b;\npub use a::*;\npub use b::*;\n"),
        ("a.rs", "use crate::B;\npub struct A;\n"),
        ("b.rs", "use crate::A;\npub struct B;\n"),
    ];
    assert_refused(&faults_of(&by_globs), 1, "a.rs imports b.rs on line 1, b.rs imports a.rs on line 1");
}

#[test]
fn names_that_re_export_each_other_end() {
    assert_clean(&faults_of(&[
        ("lib.rs", "mod a;\nmod b;\nfn f() { a::X::new(); }\n"),
        ("a.rs", "pub use crate::c::X;\n"),
        ("b.rs", "use self::b::b;\nuse b::b;\n"),
        ("c.rs", "pub use crate::a::X;\n"),
    ]));
}

#[test]
fn module_that_only_points_to_its_children_is_in_no_circle() {
    let child = ("store/view.rs", "use super::Store;\npub struct View;\n");
    let signpost = "mod view;\npub(crate) use view::View;\npub struct Store;\n";
    assert_clean(&faults_of(&[("lib.rs", "mod store;\n"), ("store/mod.rs", signpost), child]));
    for user in [
        "mod view;\npub(crate) use view::View;\nfn f() -> View {}\n",
        "mod view;\nuse view::View;\n",
        "mod view;\nfn f() { view::read(); }\n",
    ] {
        let faults = faults_of(&[("lib.rs", "mod store;\n"), ("store/mod.rs", user), child]);
        assert_eq!(faults.len(), 1, "{user}: {}", report(&faults));
    }
}

#[test]
fn re_export_of_what_is_not_below_is_an_import() {
    let files =
        [("lib.rs", "mod a;\nmod b;\n"), ("a.rs", "pub use crate::b::B;\n"), ("b.rs", "use crate::a::A;\n")];
    assert_refused(&faults_of(&files), 1, "a circle");
}

#[test]
fn either_file_of_a_platform_closes_a_circle() {
    let faults = faults_of(&[
        ("lib.rs", "mod system;\n"),
        (
            "system/mod.rs",
            "#[cfg(unix)]\n#[path = \"unix.rs\"]\nmod here;\n#[cfg(not(unix))]\n#[path = \"elsewhere.rs\"]\nmod here;\n\
             fn f() { here::g(); }\n",
        ),
        ("system/unix.rs", "fn g() {}\n"),
        ("system/elsewhere.rs", "use super::Room;\n"),
    ]);
    assert_refused(&faults, 1, "system/elsewhere.rs imports system/mod.rs on line 1");
}

#[test]
fn module_whose_file_lies_outside_of_the_sources_closes_no_circle() {
    assert_clean(&faults_of(&[
        ("main.rs", "mod a;\n#[path = \"../../other/tests/texts.rs\"]\nmod texts;\nfn f() { a::g(); }\n"),
        ("a.rs", "use crate::texts::all;\n"),
    ]));
}

#[test]
fn test_code_closes_no_circle() {
    assert_clean(&faults_of(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "use crate::b::B;\n"),
        ("b.rs", "#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod inline { use crate::a::A; }\n"),
        ("b/tests.rs", "use crate::a::A;\n"),
    ]));
}

#[test]
fn binary_is_a_crate_of_its_own() {
    let (a, b) = (("a.rs", "use crate::b::B;\n"), ("b.rs", "use crate::a::A;\n"));
    assert_eq!(faults_of(&[("main.rs", "mod a;\nmod b;\n"), a, b]).len(), 1);
    assert_clean(&faults_of(&[
        ("lib.rs", "mod c;\n"),
        ("main.rs", "use crate::c::C;\n"),
        ("c.rs", "use crate::D;\n"),
    ]));
}

const KNOT: &[(&str, &str)] = &[
    ("lib.rs", "mod error;\nmod id;\nmod row;\n"),
    ("error.rs", "use crate::id::Id;\n"),
    ("id.rs", "use crate::error::Error;\n"),
    ("row.rs", "use crate::error::Error;\n"),
];

#[test]
fn excepted_words_may_be_in_circles() {
    let words = &[("crates/sample/src/error.rs", "its variants hold the words that return it")];
    assert_clean(&faults_with(&CircleTable { words, to_cut: &[] }, KNOT));
}

#[test]
fn exception_of_a_file_in_no_circle_is_refused() {
    let words = &[
        ("crates/sample/src/error.rs", "its variants hold the words that return it"),
        ("crates/sample/src/row.rs", "nobody knows why"),
    ];
    let faults = faults_with(&CircleTable { words, to_cut: &[] }, KNOT);
    assert_refused(&faults, 1, "row.rs is in no circle: delete its row");
}

#[test]
fn known_circle_passes_until_it_grows() {
    let to_cut: &[&[&str]] = &[&["crates/sample/src/error.rs", "crates/sample/src/id.rs"]];
    let table = CircleTable { words: &[], to_cut };
    assert_clean(&faults_with(&table, KNOT));
    let grown = [KNOT[0], ("error.rs", "use crate::id::Id;\nuse crate::row::Row;\n"), KNOT[2], KNOT[3]];
    let faults = faults_with(&table, &grown);
    assert!(faults[0].message.contains("(of the knot error.rs, id.rs, row.rs)"), "{}", report(&faults));
}

#[test]
fn row_of_a_circle_that_is_cut_must_be_deleted() {
    let to_cut: &[&[&str]] = &[&["crates/sample/src/error.rs", "crates/sample/src/id.rs"]];
    let cut = [KNOT[0], ("error.rs", "pub struct Error;\n"), KNOT[2], KNOT[3]];
    let faults = faults_with(&CircleTable { words: &[], to_cut }, &cut);
    assert_refused(&faults, 1, "delete their row of `CIRCLES_TO_CUT`");
}
