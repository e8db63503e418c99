//! Modules import down the layers only.

use std::collections::BTreeSet;

use tidy::fault::Fault;
use tidy::files::SourceFile;
use tidy::layers::check;
use tidy::tables::{Ban, CRATES, LAYERS, Layer, LayerTable, Scope};

use crate::repository::{assert_clean, assert_refused, here};

#[test]
fn modules_import_only_from_layers_below() {
    let repository = here();
    let faults: Vec<_> = LAYERS.iter().flat_map(|table| check(table, &repository.files)).collect();
    assert_clean(&faults);
}

#[test]
fn layer_tables_name_known_crates_and_each_module_once() {
    for table in LAYERS {
        assert!(CRATES.iter().any(|row| row.name == table.crate_name), "{} has no row", table.crate_name);
        let modules: Vec<&str> =
            table.layers.iter().flat_map(|layer| layer.modules.iter().copied()).collect();
        assert_eq!(modules.iter().collect::<BTreeSet<_>>().len(), modules.len(), "a module is in two layers");
    }
}

const SAMPLE: LayerTable = LayerTable {
    crate_name: "sample",
    layers: &[
        Layer { name: "words", modules: &["error", "id"], mutual: true },
        Layer { name: "engines", modules: &["storage", "vector"], mutual: false },
        Layer { name: "facade", modules: &["db"], mutual: false },
    ],
    bans: &[
        Ban { words: &["Instant", "now"], holds_for: Scope::OutsideOf(&["id"]), reason: "ask the clock" },
        Ban { words: &["Serialize"], holds_for: Scope::In(&["storage"]), reason: "bytes are made by hand" },
    ],
};

/// Checks the sample crate with a root that re-exports words, and one more file.
fn faults_of(path: &str, text: &str) -> Vec<Fault> {
    let root = "//! a\nmod error;\npub mod db;\npub use db::Facade;\npub use crate::error::{Error, Result as Outcome};\n";
    let files = [
        SourceFile::new("crates/sample/src/lib.rs", root),
        SourceFile::new(&format!("crates/sample/src/{path}"), text),
    ];
    check(&SAMPLE, &files)
}

#[test]
fn import_from_below_and_among_words_passes() {
    assert_clean(&faults_of(
        "db/mod.rs",
        "use crate::storage::Store;\nuse crate::{error::Error, id, vector};\n",
    ));
    assert_clean(&faults_of("error.rs", "use crate::id::Id;\n"));
    assert_clean(&faults_of(
        "storage/rows.rs",
        "use super::codec;\nuse crate::storage::env;\nuse crate::Error;\n",
    ));
    assert_clean(&faults_of("main.rs", "use crate::anything;\n"));
}

#[test]
fn import_from_above_is_refused() {
    assert_refused(&faults_of("storage/mod.rs", "//! a\nuse crate::db::Facade;\n"), 2, "lies above it");
    assert_refused(
        &faults_of("error.rs", "use crate::{id::Id, storage::{self, Store}};\n"),
        1,
        "lies above it",
    );
    assert_refused(&faults_of("id.rs", "fn a() -> bool {\n    crate::db::open()\n}\n"), 2, "lies above it");
    assert_refused(&faults_of("id.rs", "fn a() {\n    assert!(crate::db::open());\n}\n"), 2, "lies above it");
}

#[test]
fn import_of_a_sibling_is_refused() {
    assert_refused(&faults_of("vector/scan.rs", "use crate::storage::Store;\n"), 1, "sibling");
}

#[test]
fn escape_through_super_is_refused() {
    assert_refused(&faults_of("id.rs", "use super::db::Facade;\n"), 1, "lies above it");
    assert_refused(&faults_of("vector/scan.rs", "use super::super::storage;\n"), 1, "sibling");
    assert_refused(&faults_of("vector/scan.rs", "use super::{arch, super::storage};\n"), 1, "sibling");
    assert_refused(&faults_of("id.rs", "mod a {\n    use super::super::db;\n}\n"), 2, "lies above it");
    assert_clean(&faults_of("id.rs", "mod a {\n    use super::db;\n}\nmod db {}\n"));
}

#[test]
fn escape_through_the_root_is_refused() {
    assert_refused(&faults_of("storage/mod.rs", "use crate::Facade;\n"), 1, "lies above it");
    assert_clean(&faults_of("storage/mod.rs", "use crate::Outcome;\n"));
    assert_refused(&faults_of("storage/mod.rs", "use crate::Unheard;\n"), 1, "names no module");
    assert_refused(&faults_of("storage/mod.rs", "use crate::*;\n"), 1, "names no module");
}

#[test]
fn module_without_a_layer_is_refused() {
    assert_refused(&faults_of("fresh.rs", "//! a\n"), 1, "in no layer");
}

#[test]
fn banned_word_is_refused() {
    let reads_the_clock = "//! a\nfn b() {\n    let c = std::time::Instant::now();\n}\n";
    assert_refused(&faults_of("vector/scan.rs", reads_the_clock), 3, "ask the clock");
    assert_clean(&faults_of("id.rs", reads_the_clock));
    let derives = "//! a\n#[derive(Clone, Serialize)]\nstruct Row;\n";
    assert_refused(&faults_of("storage/rows.rs", derives), 2, "made by hand");
    assert_clean(&faults_of("vector/rows.rs", derives));
}

#[test]
fn test_code_is_free() {
    let inline = "#[cfg(test)]\nmod tests {\n    use crate::db::Facade;\n    fn a() { std::time::Instant::now(); }\n}\n";
    assert_clean(&faults_of("vector/scan.rs", inline));
    let files = [
        SourceFile::new("crates/sample/src/vector/mod.rs", "//! a\n#[cfg(test)]\nmod tests;\nmod scan;\n"),
        SourceFile::new("crates/sample/src/vector/tests.rs", "use crate::db::Facade;\n"),
        SourceFile::new("crates/sample/src/vector/scan.rs", "use crate::db::Facade;\n"),
    ];
    let faults = check(&SAMPLE, &files);
    assert_refused(&faults, 1, "lies above it");
    assert!(faults[0].path.ends_with("scan.rs"), "only the test module is free: {}", faults[0]);
}

/// A table whose `storage` has rooms, as made-up as its crate.
const ROOMS: LayerTable = LayerTable {
    crate_name: "sample",
    layers: &[
        Layer { name: "words", modules: &["error"], mutual: true },
        Layer { name: "bytes", modules: &["storage/format", "storage/env"], mutual: false },
        Layer { name: "snapshots", modules: &["storage/read"], mutual: false },
        Layer { name: "engines", modules: &["storage", "vector"], mutual: false },
        Layer { name: "facade", modules: &["db"], mutual: false },
    ],
    bans: &[Ban {
        words: &["heed"],
        holds_for: Scope::OutsideOf(&["storage/env"]),
        reason: "ask the environment",
    }],
};

/// Checks the crate with rooms: its root, the module of its storage, and one more file.
fn faults_in_rooms(path: &str, text: &str) -> Vec<Fault> {
    let door = "//! a\nmod format;\nmod read;\npub(crate) use format::Row;\npub(crate) use read::View;\n";
    let files = [
        SourceFile::new("crates/sample/src/lib.rs", "//! a\nmod storage;\nmod vector;\n"),
        SourceFile::new("crates/sample/src/storage/mod.rs", door),
        SourceFile::new(&format!("crates/sample/src/{path}"), text),
    ];
    check(&ROOMS, &files)
}

#[test]
fn rooms_of_a_module_import_from_rooms_below() {
    assert_clean(&faults_in_rooms(
        "storage/read/view.rs",
        "use crate::storage::format::Row;\nuse super::newest;\n",
    ));
    assert_clean(&faults_in_rooms("storage/read/mod.rs", "use super::Row;\nuse crate::error::Error;\n"));
    assert_clean(&faults_in_rooms("storage/check.rs", "use super::read::View;\nuse super::format;\n"));
}

#[test]
fn room_that_imports_from_a_room_above_is_refused() {
    let above =
        "`storage/format` (layer `bytes`) imports `storage/read` (layer `snapshots`), which lies above it";
    assert_refused(&faults_in_rooms("storage/format/row.rs", "use crate::storage::read::View;\n"), 1, above);
    assert_refused(&faults_in_rooms("storage/format/mod.rs", "use super::read::view::View;\n"), 1, above);
    assert_refused(&faults_in_rooms("storage/format.rs", "fn f() {\n    super::View::new();\n}\n"), 2, above);
    assert_refused(&faults_in_rooms("storage/format.rs", "use super::env;\n"), 1, "sibling");
}

#[test]
fn room_does_not_know_the_module_around_it() {
    assert_refused(
        &faults_in_rooms("storage/read/view.rs", "use super::super::Store;\n"),
        1,
        "imports `storage`",
    );
    assert_refused(
        &faults_in_rooms("storage/read/view.rs", "use crate::vector::scan;\n"),
        1,
        "lies above it",
    );
}

#[test]
fn rooms_count_inside_of_their_module_only() {
    assert_refused(
        &faults_in_rooms("vector/scan.rs", "use crate::storage::format::Row;\n"),
        1,
        "sibling `storage`",
    );
    assert_clean(&faults_in_rooms("db/mod.rs", "use crate::storage::format::Row;\n"));
}

#[test]
fn ban_holds_for_rooms() {
    assert_clean(&faults_in_rooms("storage/env/open.rs", "use heed::Env;\n"));
    assert_refused(&faults_in_rooms("storage/read/view.rs", "use heed::Env;\n"), 1, "ask the environment");
}
