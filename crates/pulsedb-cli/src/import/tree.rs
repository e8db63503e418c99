//! Which files an import reads: those named, and those of the trees named that no ignore file leaves out.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::Context;
use ignore::WalkBuilder;
use ignore::overrides::{Override, OverrideBuilder};
use pulsedb::Timestamp;

use crate::import::draft::Source;
use crate::report::{Failure, Skipped};

/// Bytes at the beginning of a large file that are looked at.
const SNIFFED_BYTES: u64 = 8192;
/// Files of an ignored directory that are counted; above it the count says that there are many.
const IGNORED_FILES_COUNTED_MAX: usize = 1_000_000;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) source: Source,
    pub(crate) bytes: u64,
    /// It was named itself, not a directory above it.
    pub(crate) is_named: bool,
}

/// A directory that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    /// As it was given.
    pub(crate) name: String,
    /// The absolute path.
    pub(crate) path: PathBuf,
    /// No file is in it that could be imported, or it is not there.
    pub(crate) is_empty: bool,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) files: Vec<Found>,
    /// What of the trees is not read.
    pub(crate) skipped: Skipped,
    pub(crate) failures: Vec<Failure>,
    pub(crate) roots: Vec<Root>,
}

/// How to walk.
#[derive(Debug)]
pub(crate) struct WalkOptions<'a> {
    /// Globs as in a `.gitignore`, but naming what to take; `!` before one leaves out.
    pub(crate) globs: &'a [String],
    /// Files of a tree with more bytes are left out; a file that is named is read at any size, and so are chats,
    /// which may hold pictures between the words.
    pub(crate) bytes_max: u64,
    /// A directory that is never read: the database itself.
    pub(crate) database: &'a Path,
}

/// Finds the files below the paths, in the order of their names and each once. Symbolic links inside a tree are
/// not followed, so that no loop can be met; hidden files and those of ignore files in the tree are left out. A path
/// that cannot be read is named, and the others are walked.
pub(crate) fn walk(paths: &[PathBuf], options: &WalkOptions<'_>) -> anyhow::Result<Walked> {
    let mut walked = Walked::default();
    let mut known = BTreeSet::new();
    for given in paths {
        let name = given.display().to_string();
        let read = given.canonicalize().and_then(|root| Ok((root.metadata()?, root)));
        let (metadata, root) = match read {
            Ok(read) => read,
            Err(error) => {
                walked.failures.push(Failure { source: name.clone(), line: 0, reason: error.to_string() });
                walked.roots.extend(missing(given).map(|path| Root { name, path, is_empty: true }));
                continue;
            }
        };
        if metadata.is_dir() {
            let before = walked.files.len() + walked.skipped.too_large.len();
            tree(given, &root, options, &mut walked, &mut known)?;
            let is_empty =
                walked.files.len() + walked.skipped.too_large.len() == before && !holds_any(&root, &known);
            walked.roots.push(Root { name, path: root, is_empty });
        } else if metadata.is_file() {
            let shown = shown(given, &root, Path::new(""));
            if known.insert(root.clone()) {
                walked.files.push(found(root, shown, &metadata, true));
            }
        } else {
            let reason = "neither a file nor a directory".to_owned();
            walked.failures.push(Failure { source: name, line: 0, reason });
        }
    }
    Ok(walked)
}

/// The absolute path of what is not there: its records are below it.
fn missing(given: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(given).ok()?;
    let parent = absolute.parent().and_then(|parent| parent.canonicalize().ok());
    Some(match (parent, absolute.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => absolute,
    })
}

/// Whether a file of the directory is known from another path.
fn holds_any(root: &Path, known: &BTreeSet<PathBuf>) -> bool {
    known.range(root.to_owned()..).next().is_some_and(|path| path.starts_with(root))
}

fn tree(
    given: &Path,
    root: &Path,
    options: &WalkOptions<'_>,
    walked: &mut Walked,
    known: &mut BTreeSet<PathBuf>,
) -> anyhow::Result<()> {
    let database = options.database.canonicalize().ok();
    let globs = globs(root, options.globs)?;
    let left_out = LeftOut { database: database.clone(), globs: globs.clone() };
    let entries = WalkBuilder::new(root)
        .require_git(false)
        // What is named is wanted, whatever is ignored above it or everywhere.
        .parents(false)
        .git_global(false)
        .overrides(globs)
        .sort_by_file_path(Path::cmp)
        .filter_entry(move |entry| database.as_deref() != Some(entry.path()))
        .build();
    let mut seen = BTreeSet::new();
    let mut directories = Vec::new();
    for entry in entries {
        let read = entry.and_then(|entry| Ok((entry.metadata()?, entry)));
        let (metadata, entry) = match read {
            Ok(read) => read,
            Err(error) => {
                let source = given.display().to_string();
                walked.failures.push(Failure { source, line: 0, reason: error.to_string() });
                continue;
            }
        };
        seen.insert(entry.path().to_owned());
        if metadata.is_dir() {
            directories.push(entry.into_path());
            continue;
        }
        // Pipes and devices could be read for ever.
        if !metadata.is_file() {
            walked.skipped.special += 1;
            continue;
        }
        if known.contains(entry.path()) {
            continue;
        }
        let inside = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let name = shown(given, root, inside);
        if metadata.len() > options.bytes_max && !may_be_chat(entry.path()) {
            if begins_binary(entry.path()) {
                walked.skipped.binary += 1;
            } else {
                walked.skipped.too_large.push(name);
            }
            continue;
        }
        known.insert(entry.path().to_owned());
        walked.files.push(found(entry.into_path(), name, &metadata, false));
    }
    for directory in &directories {
        left_out.count(directory, &seen, &mut walked.skipped);
    }
    Ok(())
}

fn may_be_chat(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["json", "jsonl", "ndjson", "ipynb"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// What tells why an entry of a tree was not met.
struct LeftOut {
    database: Option<PathBuf>,
    globs: Override,
}

impl LeftOut {
    /// Counts the entries of a directory that the walk did not meet: hidden ones each, and the files that ignore files
    /// leave out, with all below the directories that they leave out.
    fn count(&self, directory: &Path, seen: &BTreeSet<PathBuf>, skipped: &mut Skipped) {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if seen.contains(&path) || self.database.as_deref() == Some(&path) {
                continue;
            }
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                skipped.hidden += 1;
            } else if !self.globs.matched(&path, is_directory).is_ignore() {
                skipped.ignored += if is_directory { self.files_below(&path) } else { 1 };
            }
        }
    }

    fn files_below(&self, directory: &Path) -> u64 {
        let below = WalkBuilder::new(directory).standard_filters(false).build();
        let files = below.flatten().filter(|entry| {
            let is_of_database = self.database.as_ref().is_some_and(|it| entry.path().starts_with(it));
            !is_of_database && entry.file_type().is_some_and(|kind| !kind.is_dir())
        });
        files.take(IGNORED_FILES_COUNTED_MAX).count() as u64
    }
}

/// Whether a NUL is among the first bytes of a file, so that it need not be read to know what it is.
fn begins_binary(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SNIFFED_BYTES).read_to_end(&mut start));
    read.is_ok() && start.contains(&0)
}

fn globs(root: &Path, globs: &[String]) -> anyhow::Result<Override> {
    let mut builder = OverrideBuilder::new(root);
    for glob in globs {
        builder.add(glob).with_context(|| format!("`{glob}` is not a valid glob"))?;
    }
    Ok(builder.build()?)
}

fn found(path: PathBuf, name: String, metadata: &Metadata, is_named: bool) -> Found {
    let source = Source { name, file: Some(slashes(&path)), modified: modified(metadata) };
    Found { path, source, bytes: metadata.len(), is_named }
}

fn modified(metadata: &Metadata) -> Option<Timestamp> {
    let since_epoch = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_millis()).ok().map(Timestamp::from_millis)
}

/// The path as it is shown: as it was given if that is a plain relative path, else from the root's own name on.
fn shown(given: &Path, root: &Path, inside: &Path) -> String {
    let mut start = PathBuf::new();
    let mut is_plain = true;
    for component in given.components() {
        match component {
            Component::Normal(name) => start.push(name),
            Component::CurDir => {}
            _ => is_plain = false,
        }
    }
    if !is_plain {
        start = root.file_name().map(PathBuf::from).unwrap_or_default();
    }
    slashes(&start.join(inside)).trim_end_matches('/').to_owned()
}

/// A path with `/` between its parts on every system. What is not Unicode is replaced; two names that differ
/// only there are told apart by the digest of their bytes.
fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    let exact = path.to_str().is_some();
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() };
    if exact {
        return text;
    }
    let digest = crate::import::identity::Key::of(&[path.as_os_str().as_encoded_bytes()]).tag();
    format!("{text}#{}", &digest[..8])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn options<'a>(globs: &'a [String], database: &'a Path) -> WalkOptions<'a> {
        WalkOptions { globs, bytes_max: 100, database }
    }

    fn names(walked: &Walked) -> Vec<&str> {
        walked.files.iter().map(|found| found.source.name.as_str()).collect()
    }

    #[test]
    fn trees_are_read_in_order_without_what_is_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("tree");
        for (name, bytes) in [
            ("b.md", 5),
            ("a/z.txt", 5),
            ("a/skip.log", 5),
            (".hidden", 5),
            ("large.txt", 101),
            ("db/data.mdb", 5),
            ("empty", 0),
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x".repeat(bytes)).unwrap();
        }
        fs::write(root.join("large.bin"), vec![0; 101]).unwrap();
        fs::write(root.join(".gitignore"), "*.log\n").unwrap();
        let walked = walk(&[root.clone(), root.join("b.md")], &options(&[], &root.join("db"))).unwrap();
        assert_eq!(names(&walked), ["tree/a/z.txt", "tree/b.md", "tree/empty"]);
        assert_eq!(
            walked.skipped,
            Skipped {
                binary: 1,
                ignored: 1,
                hidden: 2,
                too_large: vec!["tree/large.txt".to_owned()],
                ..Skipped::default()
            }
        );
        let named = walk(&[root.join("large.txt")], &options(&[], &root)).unwrap();
        assert_eq!(names(&named), ["large.txt"]);
        let globs = ["*.md".to_owned()];
        assert_eq!(
            names(&walk(std::slice::from_ref(&root), &options(&globs, &root.join("db"))).unwrap()),
            ["tree/b.md"]
        );
        let missing = walk(&[root.join("missing")], &options(&[], &root)).unwrap();
        assert_eq!((missing.failures.len(), missing.roots[0].is_empty), (1, true));
        assert!(walk(&[root], &options(&["[".to_owned()], directory.path())).is_err());
    }

    #[test]
    fn paths_are_shown_as_they_were_given() {
        let show = |given: &str, root: &str, inside: &str| {
            shown(Path::new(given), Path::new(root), Path::new(inside))
        };
        assert_eq!(show(".", "/x/repo", "docs/a.md"), "docs/a.md");
        assert_eq!(show("./docs", "/x/repo/docs", "a.md"), "docs/a.md");
        assert_eq!(show("../other", "/x/other", "a.md"), "other/a.md");
        assert_eq!(show("/x/repo", "/x/repo", "a.md"), "repo/a.md");
        assert_eq!(show("a.md", "/x/a.md", ""), "a.md");
        assert_eq!(show("/", "/", "a.md"), "a.md");
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_unicode_stay_apart() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let name = |bytes: &[u8]| slashes(Path::new(OsStr::from_bytes(bytes)));
        assert_ne!(name(b"a\xff"), name(b"a\xfe"));
        assert_eq!(name(b"a"), "a");
    }
}
