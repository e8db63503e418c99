//! The files of the repository, read once and kept as text.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Directories that hold nothing of ours; a directory with cargo's cache tag is passed over too.
const PASSED_OVER: &[&str] = &[
    ".git",
    "target",
    "corpus",
    "fuzz/artifacts",
    "fuzz/corpus",
    "fuzz/coverage",
    "fuzz-embeddenator/artifacts",
    "fuzz-embeddenator/corpus",
    "fuzz-embeddenator/coverage",
];

/// One text file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Relative to the root, with forward slashes.
    pub path: String,
    /// The whole text; bytes that are not UTF-8 become U+FFFD and are refused by the ASCII rule.
    pub text: String,
}

impl SourceFile {
    /// A file with this path and text.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The part of the file's name after its last full stop, or nothing.
    pub fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Whether it is Rust source.
    pub fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    /// Whether it is prose, which the rules for source text leave free.
    pub fn is_prose(&self) -> bool {
        self.extension() == "md" && !self.is_fixture()
    }

    /// Whether the rules for source text hold for it.
    pub fn is_source(&self) -> bool {
        let named = matches!(self.extension(), "rs" | "toml" | "sh" | "yml") || self.path.starts_with(".ci/");
        named && !self.is_fixture()
    }

    /// Input of a test, which may be as odd as the test needs; Rust files are never fixtures.
    fn is_fixture(&self) -> bool {
        !self.is_rust() && self.path.contains("/fixtures/")
    }

    fn is_read(&self) -> bool {
        self.is_source() || self.is_prose()
    }

    /// The name of the crate whose directory holds it, for files below `crates/`.
    pub fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }
}

/// All text files of a repository.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The directory that holds the workspace's manifest.
    pub root: PathBuf,
    /// Every text file, by path.
    pub files: Vec<SourceFile>,
}

impl Repository {
    /// Reads the repository below `root`.
    ///
    /// # Errors
    /// Any error of reading a directory or a file.
    pub fn load(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        read_directory(root, root, &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root: root.to_owned(), files })
    }

    /// The file with this path.
    pub fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.is_rust())
    }
}

fn read_directory(root: &Path, directory: &Path, files: &mut Vec<SourceFile>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        let mut file = SourceFile { path: relative_path(root, &path), text: String::new() };
        if kind.is_dir() {
            if !PASSED_OVER.contains(&file.path.as_str()) && !path.join("CACHEDIR.TAG").exists() {
                read_directory(root, &path, files)?;
            }
        } else if kind.is_file() && file.is_read() {
            file.text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            files.push(file);
        }
    }
    Ok(())
}

fn relative_path(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
