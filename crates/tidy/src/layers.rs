//! The rule that a module imports only from layers below its own, and says no word that is not for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::Fault;
use crate::files::SourceFile;
use crate::paths::{root_paths, use_paths};
use crate::tables::{Layer, LayerTable, Scope};
use crate::tokens::Tokens;

/// Refuses imports against the layers and banned words in the sources of one crate.
pub fn check(table: &LayerTable, files: &[SourceFile]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut sources = Vec::new();
    for file in files {
        let Some(modules) = module_path(table.crate_name, &file.path) else { continue };
        match Tokens::lex(file) {
            Ok(tokens) => sources.push(Source { file, modules, tokens }),
            Err(fault) => faults.push(fault),
        }
    }
    let exports = sources.iter().find(|source| source.modules.is_empty()).map(exports).unwrap_or_default();
    let test_modules = test_modules(&sources);
    for source in &sources {
        let in_tests = (1..=source.modules.len()).any(|end| test_modules.contains(&source.modules[..end]));
        if let Some(module) = source.modules.first().filter(|_| !in_tests) {
            faults.extend(check_imports(table, source, module, &exports));
            faults.extend(check_words(table, source, module));
        }
    }
    faults
}

/// A source file of the crate.
struct Source<'a> {
    file: &'a SourceFile,
    /// The module that the file is, from the root; empty for the root.
    modules: Vec<String>,
    tokens: Tokens,
}

/// The module that a file of `crates/<name>/src` is; `None` for other files and for the roots of binaries.
fn module_path(crate_name: &str, path: &str) -> Option<Vec<String>> {
    let inside = path.strip_prefix(&format!("crates/{crate_name}/src/"))?.strip_suffix(".rs")?;
    let mut modules: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if inside == "main" || modules.first().is_some_and(|first| first == "bin") {
        return None;
    }
    if modules.last().is_some_and(|last| last == "mod") || inside == "lib" {
        modules.pop();
    }
    Some(modules)
}

/// What the root re-exports: the name, and the top-level module that it comes from.
fn exports(root: &Source<'_>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for at in 0..root.tokens.list.len() {
        if root.tokens.is(at, "use") {
            for path in use_paths(&root.tokens, at) {
                if let [module, .., name] = path.segments.as_slice() {
                    names.insert(name.clone(), module.clone());
                }
            }
        }
    }
    names
}

/// The modules in files of their own that are declared under `#[cfg(test)]`.
fn test_modules(sources: &[Source<'_>]) -> BTreeSet<Vec<String>> {
    let mut modules = BTreeSet::new();
    for source in sources {
        for module in
            source.tokens.modules().into_iter().filter(|module| module.in_test && module.body.is_none())
        {
            let mut path = source.modules.clone();
            path.push(module.name);
            modules.insert(path);
        }
    }
    modules
}

fn check_imports(
    table: &LayerTable,
    source: &Source<'_>,
    module: &str,
    exports: &BTreeMap<String, String>,
) -> Vec<Fault> {
    let path = &source.file.path;
    let Some(own) = layer_of(table, module) else {
        let message =
            format!("module `{module}` is in no layer: add it to the table in crates/tidy/src/tables.rs");
        return vec![Fault::new(path, 1, message)];
    };
    let mut faults = Vec::new();
    for import in root_paths(&source.tokens, source.modules.len()) {
        let Some(name) = import.segments.first().filter(|_| !import.in_test) else { continue };
        let target = exports.get(name).filter(|_| layer_of(table, name).is_none()).unwrap_or(name);
        let Some(layer) = layer_of(table, target) else {
            let message =
                format!("`crate::{name}` names no module of a layer: import from the module that defines it");
            faults.push(Fault::new(path, import.line, message));
            continue;
        };
        if target == module || layer < own || (layer == own && table.layers[own].mutual) {
            continue;
        }
        faults.push(Fault::new(
            path,
            import.line,
            refusal(module, &table.layers[own], target, &table.layers[layer]),
        ));
    }
    // A group names its module once for each of its words.
    faults.dedup();
    faults
}

fn refusal(module: &str, own: &Layer, target: &str, layer: &Layer) -> String {
    if own.name == layer.name {
        return format!(
            "`{module}` imports its sibling `{target}`: siblings of the layer `{}` do not know each other; pass what \
             is needed from above, or move the shared word below",
            own.name
        );
    }
    format!(
        "`{module}` (layer `{}`) imports `{target}` (layer `{}`), which lies above it: move the word down, or the \
         code up",
        own.name, layer.name
    )
}

fn layer_of(table: &LayerTable, module: &str) -> Option<usize> {
    table.layers.iter().position(|layer| layer.modules.contains(&module))
}

fn check_words(table: &LayerTable, source: &Source<'_>, module: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let bans = table.bans.iter().filter(|ban| match ban.holds_for {
        Scope::In(modules) => modules.contains(&module),
        Scope::OutsideOf(modules) => !modules.contains(&module),
    });
    for ban in bans {
        let phrase: Vec<&str> =
            ban.words.iter().flat_map(|word| [*word, "::"]).take(ban.words.len() * 2 - 1).collect();
        for (at, token) in source.tokens.list.iter().enumerate() {
            if !token.in_test && source.tokens.follow(at, &phrase) {
                let message = format!("`{}` in `{module}`: {}", phrase.concat(), ban.reason);
                faults.push(Fault::new(&source.file.path, token.line, message));
            }
        }
    }
    faults
}
