//! A tree over another one, and a tree without some of its parts.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::entry::{Entry, Node};
use crate::error::{Error, Result};
use crate::ingest::entries::Hashed;
use crate::path::EngramPath;

/// `below` with `above` over it; directories that were `made_up` for `above` give way to what `below` has.
pub(crate) fn over(
    above: Vec<Hashed>,
    made_up: &HashSet<EngramPath>,
    below: Vec<Hashed>,
) -> Result<Vec<Hashed>> {
    let mut merged: BTreeMap<EngramPath, Hashed> =
        below.into_iter().map(|hashed| (hashed.0.path.clone(), hashed)).collect();
    let groups = above.iter().chain(merged.values()).filter_map(|(entry, _)| entry.link_group);
    // Groups of the two trees are different files.
    let shift = groups.max().map_or(0, |group| group.saturating_add(1));
    for (mut entry, hash) in above {
        let is_directory = entry.node == Node::Directory;
        let before = merged.get(&entry.path).map(|(before, _)| before.node.kind());
        let was_directory = before == Some(Node::Directory.kind());
        if made_up.contains(&entry.path) {
            match before {
                Some(_) if was_directory => continue,
                Some(found) => {
                    return Err(Error::WrongKind {
                        path: entry.path.to_string(),
                        found,
                        wanted: "a directory",
                    });
                }
                None => {}
            }
        }
        if was_directory && !is_directory {
            let gone: Vec<EngramPath> = merged
                .range(entry.path.clone()..)
                .map(|(path, _)| path.clone())
                .take_while(|path| path.is_within(&entry.path))
                .collect();
            for path in gone {
                merged.remove(&path);
            }
        }
        entry.link_group = entry.link_group.map(|group| group.saturating_add(shift));
        merged.insert(entry.path.clone(), (entry, hash));
    }
    let mut entries: Vec<Hashed> = merged.into_values().collect();
    group_again(&mut entries);
    Ok(entries)
}

/// A tree without `paths` and all below them; the first path that it has not is the error.
pub(crate) fn without(
    mut entries: Vec<Hashed>,
    paths: &[EngramPath],
) -> std::result::Result<Vec<Hashed>, EngramPath> {
    for path in paths {
        let count = entries.len();
        entries.retain(|(entry, _)| !entry.path.is_within(path));
        let removed_before = || paths.iter().any(|other| other != path && path.is_within(other));
        if entries.len() == count && !removed_before() {
            return Err(path.clone());
        }
    }
    group_again(&mut entries);
    Ok(entries)
}

/// Numbers the groups of hard links by their first names; a name that is left alone is in none.
fn group_again(entries: &mut [Hashed]) {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for group in entries.iter().filter_map(|(entry, _)| entry.link_group) {
        *counts.entry(group).or_default() += 1;
    }
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let renumber = |entry: &mut Entry| {
        let group = entry.link_group.filter(|group| counts.get(group).is_some_and(|count| *count > 1));
        entry.link_group = group.map(|group| {
            let next = numbers.len() as u32;
            *numbers.entry(group).or_insert(next)
        });
    };
    entries.iter_mut().map(|(entry, _)| entry).for_each(renumber);
}
