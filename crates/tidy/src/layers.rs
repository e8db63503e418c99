//! The rule that a module imports only from layers below its own, and says no word that is not for it.
//!
//! A row names a module by its path. The deepest row that fits decides for a module, so a layer may hold a part of a
//! module, such as `storage/format` of `storage`. Such a row counts for imports from inside of `storage` only: seen
//! from outside, all of it is `storage`.

use crate::fault::Fault;
use crate::files::SourceFile;
use crate::modules::{Module, Modules};
use crate::tables::{Layer, LayerTable, Scope};

/// Refuses imports against the layers and banned words in the sources of one crate.
pub fn check(table: &LayerTable, files: &[SourceFile]) -> Vec<Fault> {
    let (modules, mut faults) = Modules::read(&format!("crates/{}/src", table.crate_name), files);
    for module in modules.list.iter().filter(|module| !module.is_test && !module.path.is_empty()) {
        faults.extend(check_imports(table, &modules, module));
        faults.extend(check_words(table, module));
    }
    faults
}

/// A row of a table: the module that it names, and the layer that it stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Row {
    name: &'static str,
    layer: usize,
}

/// The deepest row that a module stands in.
fn row_of(table: &LayerTable, module: &[String]) -> Option<Row> {
    row_seen_from(table, module, module)
}

/// The deepest row that a module stands in, of those that a module at `from` sees: a part of a module is known inside
/// of that module only.
fn row_seen_from(table: &LayerTable, module: &[String], from: &[String]) -> Option<Row> {
    let rows = table
        .layers
        .iter()
        .enumerate()
        .flat_map(|(layer, row)| row.modules.iter().map(move |name| Row { name, layer }));
    let seen = |row: &Row| row.name.rsplit_once('/').is_none_or(|(above, _)| is_within(from, above));
    rows.filter(|row| is_within(module, row.name)).filter(seen).max_by_key(|row| row.name.split('/').count())
}

/// Whether a module is, or lies below, the module that `name` gives with slashes.
fn is_within(module: &[String], name: &str) -> bool {
    let mut segments = module.iter();
    name.split('/').all(|part| segments.next().is_some_and(|segment| segment == part))
}

fn check_imports(table: &LayerTable, modules: &Modules<'_>, module: &Module<'_>) -> Vec<Fault> {
    let path = &module.file.path;
    let Some(own) = row_of(table, &module.path) else {
        let message = format!(
            "module `{}` is in no layer: add it to the table in crates/tidy/src/tables.rs",
            module.path.join("/")
        );
        return vec![Fault::new(path, 1, message)];
    };
    let mut faults = Vec::new();
    for written in module.written.iter().filter(|written| !written.in_test) {
        let Some(target) = modules.resolve(module, written) else { continue };
        let target = target.path();
        let Some(row) = row_seen_from(table, &target, &module.path) else {
            if let Some(name) = target.first() {
                let message = format!(
                    "`crate::{name}` names no module of a layer: import from the module that defines it"
                );
                faults.push(Fault::new(path, written.line, message));
            }
            continue;
        };
        let is_mutual = row.layer == own.layer && table.layers[own.layer].mutual;
        if row != own && row.layer >= own.layer && !is_mutual {
            faults.push(Fault::new(path, written.line, refusal(table.layers, own, row)));
        }
    }
    // A group names its module once for each of its words.
    faults.dedup();
    faults
}

fn refusal(layers: &[Layer], own: Row, target: Row) -> String {
    let (module, imported) = (own.name, target.name);
    let (layer, above) = (layers[own.layer].name, layers[target.layer].name);
    if own.layer == target.layer {
        return format!(
            "`{module}` imports its sibling `{imported}`: siblings of the layer `{layer}` do not know each other; \
             pass what is needed from above, or move the shared word below"
        );
    }
    format!(
        "`{module}` (layer `{layer}`) imports `{imported}` (layer `{above}`), which lies above it: move the word \
         down, or the code up"
    )
}

fn check_words(table: &LayerTable, module: &Module<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let bans = table.bans.iter().filter(|ban| match ban.holds_for {
        Scope::In(names) => names.iter().any(|name| is_within(&module.path, name)),
        Scope::OutsideOf(names) => !names.iter().any(|name| is_within(&module.path, name)),
    });
    for ban in bans {
        let phrase: Vec<&str> =
            ban.words.iter().flat_map(|word| [*word, "::"]).take(ban.words.len() * 2 - 1).collect();
        for (at, token) in module.tokens.list.iter().enumerate() {
            if !token.in_test && module.tokens.follow(at, &phrase) {
                let message = format!("`{}` in `{}`: {}", phrase.concat(), module.path.join("/"), ban.reason);
                faults.push(Fault::new(&module.file.path, token.line, message));
            }
        }
    }
    faults
}
