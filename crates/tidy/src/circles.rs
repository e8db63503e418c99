//! The rule that no two files of a crate import each other in a circle, straight or through others.
//!
//! What counts as an import of a file by another file of its crate:
//!
//! - Each path of a `use` item, and each path in code, that leads to something which the other file defines. A name
//!   that is re-exported on the way, by `mod.rs` or by the root, is an import of the file that defines it.
//! - A name that a file re-exports itself counts too, with one exception: `pub use` of what lies below the file's own
//!   module is a signpost, unless the file's code says the name. So `mod.rs` may declare and re-export its children,
//!   and they may import what `mod.rs` defines; if `mod.rs` also calls them, the two are a circle.
//!
//! Declaring a module, naming it without anything in it, `pub(in path)` and code under `#[cfg(test)]` are no imports.
//! Nor are methods: a type's methods may be spread over files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::fault::Fault;
use crate::files::SourceFile;
use crate::modules::{Module, Modules, Target};
use crate::paths::{Form, WrittenPath, is_use};
use crate::tables::CircleTable;

/// Where the exceptions stand.
const TABLES: &str = "crates/tidy/src/tables.rs";

/// The imports of a crate: importing file, imported file, line of the first such import.
type Imports = BTreeMap<String, BTreeMap<String, usize>>;

/// Refuses circles among the files of each crate, and exceptions that are none.
pub fn check(table: &CircleTable, files: &[SourceFile]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut all = Imports::new();
    for directory in source_directories(files) {
        let (modules, unread) = Modules::read(&directory, files);
        faults.extend(unread);
        all.extend(imports(&modules));
    }
    let excepted: BTreeSet<&str> = table.words.iter().map(|(path, _)| *path).collect();
    let knots = knots(&all, &excepted);
    for knot in &knots {
        let is_known = table.to_cut.iter().any(|row| knot.iter().all(|path| row.contains(path)));
        if !is_known {
            faults.push(refusal(&all, knot));
        }
    }
    faults.extend(stale_rows(table, &all, &excepted, &knots));
    faults
}

/// The directories of sources that have a root.
fn source_directories(files: &[SourceFile]) -> BTreeSet<String> {
    let roots = files.iter().filter_map(|file| {
        let directory = file.path.strip_suffix("/lib.rs").or_else(|| file.path.strip_suffix("/main.rs"))?;
        directory.ends_with("/src").then(|| directory.to_owned())
    });
    roots.collect()
}

fn imports(modules: &Modules<'_>) -> Imports {
    let mut all = Imports::new();
    for module in modules.list.iter().filter(|module| !module.is_test) {
        let own = all.entry(module.file.path.clone()).or_default();
        for written in module.written.iter().filter(|written| !written.in_test) {
            let Some(target) = modules.resolve(module, written) else { continue };
            if !is_import(module, written, &target) {
                continue;
            }
            for &index in modules.files_of(&target.module) {
                let other = &modules.list[index];
                // A module that is declared there but has its file outside of the sources is not that file.
                let is_elsewhere = other.declares(&target.item[0]);
                if other.file.path != module.file.path && !is_elsewhere {
                    own.entry(other.file.path.clone()).or_insert(written.line);
                }
            }
        }
    }
    all
}

fn is_import(module: &Module<'_>, written: &WrittenPath, target: &Target) -> bool {
    let is_signpost = written.form == Form::ReExport && target.module.starts_with(&module.path);
    !target.item.is_empty() && (!is_signpost || written.binds.as_ref().is_some_and(|name| says(module, name)))
}

/// Whether the file's code says a name outside of its `use` items.
fn says(module: &Module<'_>, name: &str) -> bool {
    let tokens = &module.tokens;
    let mut at = 0;
    while let Some(token) = tokens.list.get(at) {
        if token.is(name) && !token.in_test {
            return true;
        }
        at = if is_use(tokens, at) { tokens.find(at, &[";"]).unwrap_or(at) } else { at } + 1;
    }
    false
}

/// The largest sets of files in which each file reaches each other, in order; files of `excepted` are not there.
fn knots<'a>(imports: &'a Imports, excepted: &BTreeSet<&str>) -> Vec<BTreeSet<&'a str>> {
    let is_there = |path: &str| !excepted.contains(path);
    let reach: BTreeMap<&str, BTreeSet<&str>> = imports
        .keys()
        .map(String::as_str)
        .filter(|path| is_there(path))
        .map(|path| (path, reachable(imports, path, &is_there)))
        .collect();
    let mut knots: Vec<BTreeSet<&str>> = Vec::new();
    for (path, reached) in &reach {
        let is_new = !knots.iter().any(|knot| knot.contains(path));
        if reached.contains(path) && is_new {
            let back = |other: &&&str| reach.get(**other).is_some_and(|reached| reached.contains(path));
            knots.push(reached.iter().filter(back).copied().collect());
        }
    }
    knots
}

/// The files that `from` imports, straight or through others; `from` itself if it is in a circle.
fn reachable<'a>(imports: &'a Imports, from: &str, is_there: &dyn Fn(&str) -> bool) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(path) = next.pop() {
        for other in imports.get(path).into_iter().flat_map(BTreeMap::keys).filter(|other| is_there(other)) {
            if reached.insert(other.as_str()) {
                next.push(other);
            }
        }
    }
    reached
}

/// The shortest circle of a knot; its first file is the first in order.
fn shortest_circle<'a>(imports: &Imports, knot: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let circles = knot.iter().filter_map(|start| circle_from(imports, knot, start));
    circles.min_by_key(Vec::len).unwrap_or_default()
}

/// The shortest way from a file back to it, by a search in breadth.
fn circle_from<'a>(imports: &Imports, knot: &BTreeSet<&'a str>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let next = imports.get(*way.last()?)?;
        if next.contains_key(start) {
            return Some(way);
        }
        for other in knot.iter().filter(|other| next.contains_key(**other)) {
            if seen.insert(other) {
                ways.push_back([way.as_slice(), &[other]].concat());
            }
        }
    }
    None
}

fn refusal(imports: &Imports, knot: &BTreeSet<&str>) -> Fault {
    let circle = shortest_circle(imports, knot);
    let line = |from: &str, to: &str| imports.get(from).and_then(|own| own.get(to)).copied().unwrap_or(1);
    let short = |path: &str| path.rsplit_once("/src/").map_or(path, |(_, inside)| inside).to_owned();
    let following = circle.iter().cycle().skip(1);
    let mut steps = circle
        .iter()
        .zip(following)
        .map(|(from, to)| format!("{} imports {} on line {}", short(from), short(to), line(from, to)));
    let whole = steps.by_ref().collect::<Vec<_>>().join(", ");
    let more = if knot.len() > circle.len() {
        let names: Vec<String> = knot.iter().map(|path| short(path)).collect();
        format!(" (of the knot {})", names.join(", "))
    } else {
        String::new()
    };
    let (first, second) = (circle[0], circle[1 % circle.len()]);
    Fault::new(
        first,
        line(first, second),
        format!(
            "a circle: {whole}{more}: move what both sides need to a file below them, or pass it from above; a file of \
             words may be excepted, with its reason, in {TABLES}"
        ),
    )
}

/// Rows that except nothing: they would hide the next circle.
fn stale_rows(
    table: &CircleTable,
    imports: &Imports,
    excepted: &BTreeSet<&str>,
    knots: &[BTreeSet<&str>],
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, _) in table.words {
        let mut others = excepted.clone();
        others.remove(path);
        if !reachable(imports, path, &|other| !others.contains(other)).contains(path) {
            let message = format!("{path} is in no circle: delete its row of `CIRCLES.words`");
            faults.push(Fault::new(TABLES, 1, message));
        }
    }
    for row in table.to_cut {
        if !knots.iter().any(|knot| knot.iter().all(|path| row.contains(path))) {
            let message =
                format!("{} are in no circle any more: delete their row of `CIRCLES_TO_CUT`", row.join(", "));
            faults.push(Fault::new(TABLES, 1, message));
        }
    }
    faults
}
