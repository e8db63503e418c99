//! The modules of one crate, each with its file, and where a path that a file writes leads among them.

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::Fault;
use crate::files::SourceFile;
use crate::paths::{WrittenPath, written_paths};
use crate::tokens::{Kind, Tokens};

/// Re-exports that are followed for one path; Rust lets names re-export each other in a ring.
const STEPS_MAX: usize = 32;

/// Words that stand before the name of an item.
const ITEMS: &[&str] = &["fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod"];

/// The modules of a crate.
#[derive(Debug)]
pub struct Modules<'a> {
    /// The files, in order of their paths.
    pub list: Vec<Module<'a>>,
    /// The files of each module: several if the platform or a feature chooses between them.
    by_path: BTreeMap<Vec<String>, Vec<usize>>,
}

/// A module that is a file.
#[derive(Debug)]
pub struct Module<'a> {
    /// The file.
    pub file: &'a SourceFile,
    /// The module's path from the root of the crate; empty for the root itself.
    pub path: Vec<String>,
    /// Its tokens.
    pub tokens: Tokens,
    /// The paths that it writes.
    pub written: Vec<WrittenPath>,
    /// Whether it is, or lies below, a module under `#[cfg(test)]`.
    pub is_test: bool,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The deepest module on the way that is a file.
    pub module: Vec<String>,
    /// What is named in it; empty if the path names the module itself.
    pub item: Vec<String>,
}

impl Target {
    /// The module and the item as one path from the root.
    pub fn path(&self) -> Vec<String> {
        [self.module.as_slice(), &self.item].concat()
    }
}

impl<'a> Modules<'a> {
    /// The modules of the crate whose sources lie in `directory`, and a fault for each file that is not Rust. Of a
    /// library beside a binary only the library is seen.
    pub fn read(directory: &str, files: &'a [SourceFile]) -> (Self, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut list: Vec<Module<'a>> = Vec::new();
        let inside = |file: &'a SourceFile| {
            Some((file, file.path.strip_prefix(directory)?.strip_prefix('/')?.strip_suffix(".rs")?))
        };
        let is_library = files.iter().filter_map(inside).any(|(_, name)| name == "lib");
        for (file, name) in files.iter().filter_map(inside) {
            if name.starts_with("bin/") || (name == "main" && is_library) {
                continue;
            }
            match Tokens::lex(file) {
                Ok(tokens) => {
                    let written = written_paths(&tokens);
                    list.push(Module { file, path: module_path(name), tokens, written, is_test: false });
                }
                Err(fault) => faults.push(fault),
            }
        }
        place_by_attribute(&mut list);
        mark_tests(&mut list);
        let mut by_path: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for (index, module) in list.iter().enumerate() {
            by_path.entry(module.path.clone()).or_default().push(index);
        }
        (Self { list, by_path }, faults)
    }

    /// The indices of the files of a module.
    pub fn files_of(&self, path: &[String]) -> &[usize] {
        self.by_path.get(path).map_or(&[], Vec::as_slice)
    }

    /// Where a path of a module leads inside of the crate; `None` if it leads out of it or stays in a name that the
    /// code around it binds.
    pub fn resolve(&self, from: &Module<'_>, path: &WrittenPath) -> Option<Target> {
        self.resolve_within(from, path, &path.segments, STEPS_MAX)
    }

    fn resolve_within(
        &self,
        from: &Module<'_>,
        path: &WrittenPath,
        segments: &[String],
        steps: usize,
    ) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        let mut place = from.path.clone();
        place.extend(path.inline.iter().cloned());
        let (head, mut rest) = segments.split_first()?;
        match head.as_str() {
            "crate" => return Some(self.walk(Vec::new(), rest, steps)),
            "self" => {}
            "super" => {
                place.pop();
            }
            _ => {
                let is_child = self.is_module(&place, head);
                let bound = from
                    .written
                    .iter()
                    .find(|other| *other != path && other.binds.as_ref() == Some(head))
                    .filter(|_| !is_child || rest.is_empty());
                if let Some(other) = bound {
                    let whole: Vec<String> = other.segments.iter().chain(rest).cloned().collect();
                    return self.resolve_within(from, other, &whole, steps);
                }
                return is_child.then(|| self.walk(place, segments, steps));
            }
        }
        while let Some((_, after)) = rest.split_first().filter(|(next, _)| *next == "super") {
            place.pop();
            rest = after;
        }
        Some(self.walk(place, rest, steps))
    }

    /// Goes down from the module `place`, through children and what each module imports or re-exports.
    fn walk(&self, mut place: Vec<String>, mut rest: &[String], steps: usize) -> Target {
        while let Some((name, after)) = rest.split_first() {
            let is_child = self.is_module(&place, name);
            let found =
                if is_child && !after.is_empty() { None } else { self.bound(&place, name, after, steps) };
            if let Some(target) = found {
                return target;
            }
            if !is_child {
                break;
            }
            place.push(name.clone());
            rest = after;
        }
        // A declared module that has no file among these is a name in the module above it.
        let mut item = rest.to_vec();
        while !place.is_empty() && self.files_of(&place).is_empty() {
            item.splice(..0, place.pop());
        }
        Target { module: place, item }
    }

    /// Where a name leads that a module does not define but binds with `use`, by itself or with a glob.
    fn bound(&self, place: &[String], name: &String, after: &[String], steps: usize) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        let modules = || self.files_of(place).iter().map(|&index| &self.list[index]);
        for module in modules() {
            let named =
                |path: &&WrittenPath| path.at_top && !path.in_test && path.binds.as_ref() == Some(name);
            if let Some(path) = module.written.iter().find(named) {
                let whole: Vec<String> = path.segments.iter().chain(after).cloned().collect();
                return self.resolve_within(module, path, &whole, steps);
            }
        }
        if modules().any(|module| module.defines(name)) {
            return None;
        }
        for module in modules() {
            let is_glob = |path: &&WrittenPath| path.at_top && path.segments.ends_with(&["*".into()]);
            for path in module.written.iter().filter(is_glob).filter(|path| !path.in_test) {
                let mut whole = path.segments[..path.segments.len() - 1].to_vec();
                whole.push(name.clone());
                let target = self.resolve_within(module, path, &whole, steps);
                let defined = |target: &Target| {
                    target.module != place
                        && self.files_of(&target.module).iter().any(|&index| self.list[index].defines(name))
                };
                if let Some(mut target) = target.filter(defined) {
                    target.item.extend_from_slice(after);
                    return Some(target);
                }
            }
        }
        None
    }

    /// Whether `name` is a module below `place` that has a file or is declared to have one.
    fn is_module(&self, place: &[String], name: &str) -> bool {
        let child = [place, &[name.to_owned()]].concat();
        self.by_path.contains_key(&child)
            || self.files_of(place).iter().any(|&index| self.list[index].declares(name))
    }
}

impl Module<'_> {
    /// Whether it declares a module `name` in a file of its own.
    pub fn declares(&self, name: &str) -> bool {
        let list = &self.tokens.list;
        (2..list.len())
            .any(|end| self.tokens.is(end, ";") && list[end - 1].is(name) && self.tokens.is(end - 2, "mod"))
    }

    fn defines(&self, name: &str) -> bool {
        let list = &self.tokens.list;
        (1..list.len()).any(|at| list[at].is(name) && ITEMS.iter().any(|item| list[at - 1].is(item)))
    }
}

/// The module that a file is: its path below the directory of the sources without `.rs`.
fn module_path(name: &str) -> Vec<String> {
    let mut path: Vec<String> = name.split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| last == "mod") || name == "lib" || name == "main" {
        path.pop();
    }
    path
}

/// Gives the files that `#[path = ".."] mod name;` names the path of the module `name`.
fn place_by_attribute(list: &mut [Module<'_>]) {
    let mut places: Vec<(String, Vec<String>)> = Vec::new();
    for module in list.iter() {
        let directory = module.file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        for at in 0..module.tokens.list.len() {
            if !module.tokens.follow(at, &["#", "[", "path", "="]) {
                continue;
            }
            let literal = module.tokens.list.get(at + 4).filter(|token| token.kind == Kind::Literal);
            let declared = module.tokens.find(at, &["mod"]).filter(|&found| module.tokens.is(found + 2, ";"));
            if let (Some(literal), Some(declared)) = (literal, declared) {
                let mut path = module.path.clone();
                path.push(module.tokens.list[declared + 1].text.clone());
                places.push((format!("{directory}/{}", literal.text.trim_matches('"')), path));
            }
        }
    }
    for module in list {
        if let Some((_, path)) = places.iter().find(|(file, _)| *file == module.file.path) {
            module.path.clone_from(path);
        }
    }
}

/// Marks the files that are, or lie below, a module declared under `#[cfg(test)]`.
fn mark_tests(list: &mut [Module<'_>]) {
    let mut tests = BTreeSet::new();
    for module in list.iter() {
        let declared = module.tokens.modules().into_iter();
        for declared in declared.filter(|declared| declared.in_test && declared.body.is_none()) {
            tests.insert([module.path.as_slice(), &[declared.name]].concat());
        }
    }
    for module in list {
        module.is_test = (1..=module.path.len()).any(|end| tests.contains(&module.path[..end]));
    }
}
