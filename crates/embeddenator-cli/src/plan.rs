//! What the arguments mean: sources, patterns, paths, the time of a snapshot, and the engram that is looked into.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use embeddenator_fs::{Engram, EngramPath, Error, Snapshot, Source, Timestamp};
use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::exit::Usage;
use crate::render::warn;

/// Opens an engram, and says what is wrong with it on the way.
pub(crate) fn open(path: &Path) -> anyhow::Result<Engram> {
    let engram = Engram::open(path)?;
    for finding in engram.findings() {
        warn(&format!("{}: {}", finding.meaning, finding.error));
    }
    if engram.is_rolled_back() {
        warn("the last commit is damaged, the one before it is shown");
    }
    Ok(engram)
}

/// The snapshot that is named, else the newest.
pub(crate) fn snapshot<'a>(engram: &'a Engram, name: Option<&str>) -> anyhow::Result<&'a Snapshot> {
    match name {
        Some(name) => Ok(engram.snapshot(name)?),
        None => Ok(engram.latest()?.snapshot()),
    }
}

/// The sources of `ingest` and `update modify`: the contents of one directory, several under their own names, or the
/// members of archives; what comes through a pipe is kept beside the engram meanwhile, in a file without a name.
pub(crate) fn sources(paths: &[PathBuf], tar: bool, engram: &Path) -> anyhow::Result<Vec<Source>> {
    match paths {
        archives if tar => archives.iter().map(|path| archive(path, engram)).collect(),
        [directory] => Ok(vec![Source::contents_of(directory)]),
        several => Ok(several.iter().map(Source::named).collect::<Result<_, _>>()?),
    }
}

fn archive(path: &Path, engram: &Path) -> anyhow::Result<Source> {
    let failed = |error, action, path: &Path| Error::Io { action, path: path.to_owned(), source: error };
    let (name, mut opened) = if path == Path::new("-") {
        let stdin = std::io::stdin().as_fd().try_clone_to_owned();
        (PathBuf::from("standard input"), File::from(stdin.map_err(|error| failed(error, "open", path))?))
    } else {
        (path.to_owned(), File::open(path).map_err(|error| failed(error, "open", path))?)
    };
    let metadata = opened.metadata().map_err(|error| failed(error, "look at", &name))?;
    if metadata.is_file() {
        return Ok(Source::archive(opened, name));
    }
    let directory = engram.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let mut kept =
        tempfile::tempfile_in(directory).map_err(|error| failed(error, "make a file in", directory))?;
    std::io::copy(&mut opened, &mut kept).map_err(|error| failed(error, "keep", &name))?;
    Ok(Source::archive(kept, name))
}

/// The paths of an engram that the arguments name.
pub(crate) fn paths(arguments: &[OsString]) -> anyhow::Result<Vec<EngramPath>> {
    arguments.iter().map(|argument| path(argument)).collect()
}

/// The path of an engram that an argument names.
pub(crate) fn path(argument: &OsStr) -> anyhow::Result<EngramPath> {
    Ok(EngramPath::from_argument(argument.as_encoded_bytes())?)
}

/// Patterns for paths: one with a slash is for the whole path, one without for the name.
#[derive(Debug)]
pub(crate) struct Patterns {
    names: GlobSet,
    paths: GlobSet,
}

impl Patterns {
    pub(crate) fn new(globs: &[String]) -> anyhow::Result<Self> {
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for text in globs {
            let (set, text) = match text.trim_end_matches('/') {
                whole if whole.contains('/') => (&mut paths, whole.trim_start_matches('/')),
                name => (&mut names, name),
            };
            let glob = GlobBuilder::new(text).literal_separator(true).build();
            set.add(glob.map_err(|error| Usage(format!("no pattern: {error}")))?);
        }
        Ok(Self { names: names.build()?, paths: paths.build()? })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.paths.is_empty()
    }

    pub(crate) fn is_match(&self, path: &EngramPath) -> bool {
        self.names.is_match_candidate(&Candidate::from_bytes(path.name()))
            || self.paths.is_match_candidate(&Candidate::from_bytes(path.as_bytes()))
    }
}

/// The time that `SOURCE_DATE_EPOCH` sets.
pub(crate) fn time_set() -> anyhow::Result<Option<Timestamp>> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    let seconds = seconds
        .ok_or_else(|| Usage(format!("SOURCE_DATE_EPOCH is {}: give seconds since 1970", text.display())))?;
    Ok(Some(Timestamp { seconds, nanoseconds: 0 }))
}

/// The time of a snapshot that is appended: the one that is set, else now.
pub(crate) fn time_of_update() -> anyhow::Result<Timestamp> {
    if let Some(time) = time_set()? {
        return Ok(time);
    }
    // A clock before 1970 is a clock that was not set.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Timestamp { seconds: now.as_secs().cast_signed(), nanoseconds: now.subsec_nanos() })
}
