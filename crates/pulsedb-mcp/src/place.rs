//! Which collective belongs to a directory: that of the repository around it.

use std::fs;
use std::path::{Path, PathBuf};

use pulsedb::limits::COLLECTIVE_NAME_BYTES_MAX;

/// The collective of what is in no repository.
const DEFAULT: &str = "default";
/// What the root of a repository holds: a directory, or in other working trees a file that says where it is.
const REPOSITORY: &str = ".git";
/// In the file: what stands before the place.
const PLACE: &str = "gitdir:";
/// Bytes of such a file that are read.
const PLACE_BYTES_MAX: usize = 4096;
/// Levels of directories that are looked at.
const LEVELS_MAX: usize = 256;

/// The collective for work in a directory: the root of the repository around it, as a path, else `default`. All working
/// trees of a repository have one memory, which is that of its main one. A path that is too long for a name is its end
/// behind a mark.
pub fn collective_of(directory: &Path) -> String {
    // What cannot be resolved, such as a directory that was just removed, is taken as it is written.
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf());
    let root = directory.ancestors().take(LEVELS_MAX).find_map(root_at);
    match root.as_deref().and_then(Path::to_str).map(str::trim) {
        Some(root) if !root.is_empty() && !root.chars().any(char::is_control) => name(root),
        _ => DEFAULT.to_owned(),
    }
}

fn name(root: &str) -> String {
    const MARK: &str = "...";
    if root.len() <= COLLECTIVE_NAME_BYTES_MAX {
        return root.to_owned();
    }
    let from = root.ceil_char_boundary(root.len() - (COLLECTIVE_NAME_BYTES_MAX - MARK.len()));
    format!("{MARK}{}", &root[from..])
}

/// The root of the repository if this directory is one, or the main one of its working tree.
fn root_at(directory: &Path) -> Option<PathBuf> {
    let repository = directory.join(REPOSITORY);
    let found = fs::metadata(&repository).ok()?;
    if found.is_dir() {
        return Some(directory.to_path_buf());
    }
    Some(main_of(&repository, directory).unwrap_or_else(|| directory.to_path_buf()))
}

/// The main working tree of one that says where its repository is.
fn main_of(file: &Path, directory: &Path) -> Option<PathBuf> {
    let own = directory.join(short_text(file)?.strip_prefix(PLACE)?.trim());
    // A submodule has no such file: it is a repository of its own.
    let shared = own.join(short_text(&own.join("commondir"))?.trim());
    let shared = fs::canonicalize(shared).ok()?;
    (shared.file_name()? == REPOSITORY).then(|| shared.parent().map(Path::to_path_buf))?
}

fn short_text(path: &Path) -> Option<String> {
    let is_short = fs::metadata(path).ok()?.len() <= PLACE_BYTES_MAX as u64;
    is_short.then(|| fs::read_to_string(path).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collective_is_the_root_of_the_repository_around() {
        let top = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(top.path()).unwrap();
        let inner = top.join("project/src/deep");
        fs::create_dir_all(&inner).unwrap();
        fs::create_dir(top.join("project/.git")).unwrap();
        let root = top.join("project").to_str().unwrap().to_owned();
        assert_eq!(collective_of(&inner), root);
        assert_eq!(collective_of(&top.join("project")), root);
        assert_eq!(collective_of(&top), "default");
        assert_eq!(collective_of(Path::new("/does/not/exist")), "default");
    }

    #[test]
    fn working_trees_share_the_memory_of_their_repository_and_submodules_have_their_own() {
        let top = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(top.path()).unwrap();
        let tree = top.join("main/.git/worktrees/side");
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join("commondir"), "../..\n").unwrap();
        fs::create_dir_all(top.join("side/src")).unwrap();
        fs::write(top.join("side/.git"), format!("gitdir: {}\n", tree.display())).unwrap();
        assert_eq!(collective_of(&top.join("side/src")), top.join("main").to_str().unwrap());

        fs::create_dir_all(top.join("main/.git/modules/part")).unwrap();
        fs::create_dir_all(top.join("main/part")).unwrap();
        fs::write(top.join("main/part/.git"), "gitdir: ../.git/modules/part\n").unwrap();
        assert_eq!(collective_of(&top.join("main/part")), top.join("main/part").to_str().unwrap());
        fs::write(top.join("side/.git"), "nonsense").unwrap();
        assert_eq!(collective_of(&top.join("side/src")), top.join("side").to_str().unwrap());
    }

    #[test]
    fn long_paths_are_cut_to_a_name() {
        let long = format!("/{}", "d\u{e9}".repeat(200));
        let cut = name(&long);
        assert!(cut.len() <= COLLECTIVE_NAME_BYTES_MAX && cut.starts_with("..."), "{cut}");
    }
}
