//! The class of engrams: made, opened, listed, read, searched, brought out and verified.

use std::path::PathBuf;

use embeddenator_fs::{
    EngramPath, ExtractOptions, Index, IngestOptions, Profile, QueryOptions, Source, Tree, VerifyOptions,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::bytes::copied;
use crate::errors::of_engram;
use crate::reports::{Entry, Hit, Snapshot, VerifyReport};

/// A file tree in one file, opened for reading.
#[pyclass(frozen, module = "embeddenator")]
pub(crate) struct Engram {
    held: embeddenator_fs::Engram,
}

/// A path in an engram: text, or bytes where it is not UTF-8.
#[derive(FromPyObject)]
enum Path {
    Text(String),
    Bytes(Vec<u8>),
}

impl Path {
    fn read(self) -> PyResult<EngramPath> {
        let bytes = match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        };
        EngramPath::from_argument(bytes).map_err(of_engram)
    }
}

fn profile(name: &str) -> PyResult<Profile> {
    let found = Profile::ALL.into_iter().find(|profile| profile.name() == name);
    found.ok_or_else(|| {
        PyValueError::new_err(format!("{name} is no profile: use fast, balanced, archive or max"))
    })
}

fn index(name: &str) -> PyResult<Index> {
    match name {
        "none" => Ok(Index::None),
        "file" => Ok(Index::File),
        "fragment" => Ok(Index::Fragment),
        _ => Err(PyValueError::new_err(format!("{name} is no index: use none, file or fragment"))),
    }
}

impl Engram {
    fn tree(&self, snapshot: Option<&str>) -> embeddenator_fs::Result<Tree<'_>> {
        match snapshot {
            Some(name) => self.held.tree(self.held.snapshot(name)?),
            None => self.held.latest(),
        }
    }
}

/// Works without holding Python up.
fn apart<T: Send>(
    python: Python<'_>,
    work: impl FnOnce() -> embeddenator_fs::Result<T> + Send,
) -> PyResult<T> {
    python.detach(work).map_err(of_engram)
}

#[pymethods]
impl Engram {
    /// Opens an engram.
    #[new]
    fn open(python: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let held = python.detach(|| embeddenator_fs::Engram::open(path)).map_err(of_engram)?;
        Ok(Self { held })
    }

    /// Makes an engram of the contents of a directory, and opens it.
    #[staticmethod]
    #[pyo3(signature = (path, directory, *, profile = "balanced", index = "file", threads = 0, label = "", overwrite = false))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn create(
        python: Python<'_>,
        path: PathBuf,
        directory: PathBuf,
        profile: &str,
        index: &str,
        threads: usize,
        label: &str,
        overwrite: bool,
    ) -> PyResult<Self> {
        let (profile, index) = (self::profile(profile)?, Some(self::index(index)?));
        let held = python.detach(|| {
            let options =
                IngestOptions { profile, index, threads, label, overwrite, ..IngestOptions::default() };
            embeddenator_fs::Engram::create(&path, &[Source::contents_of(directory)], &options, &())?;
            embeddenator_fs::Engram::open(&path)
        });
        Ok(Self { held: held.map_err(of_engram)? })
    }

    /// The snapshots, the oldest first.
    #[getter]
    fn snapshots(&self) -> Vec<Snapshot> {
        self.held.snapshots().iter().map(Snapshot::from).collect()
    }

    /// The entries of a directory, or all.
    #[pyo3(signature = (directory = None, *, snapshot = None))]
    fn list(
        &self,
        python: Python<'_>,
        directory: Option<Path>,
        snapshot: Option<&str>,
    ) -> PyResult<Vec<Entry>> {
        let directory = directory.map(Path::read).transpose()?;
        let entries = apart(python, || {
            let tree = self.tree(snapshot)?;
            match directory {
                Some(directory) => tree.children(&directory),
                None => tree.entries().collect(),
            }
        })?;
        Ok(entries.iter().map(Entry::from).collect())
    }

    /// What a file holds.
    #[pyo3(signature = (path, *, snapshot = None))]
    fn read<'py>(
        &self,
        python: Python<'py>,
        path: Path,
        snapshot: Option<&str>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let path = path.read()?;
        let content = apart(python, || {
            let tree = self.tree(snapshot)?;
            let mut content = Vec::new();
            tree.read(&tree.entry(&path)?, &mut content)?;
            Ok(content)
        })?;
        Ok(PyBytes::new(python, &content))
    }

    /// The files that have a fragment, the best first.
    #[pyo3(signature = (fragment, *, limit = 16, snapshot = None))]
    fn query(
        &self,
        python: Python<'_>,
        fragment: &Bound<'_, PyAny>,
        limit: usize,
        snapshot: Option<&str>,
    ) -> PyResult<Vec<Hit>> {
        let fragment = copied(fragment)?;
        let options = QueryOptions { limit, ..QueryOptions::default() };
        let report = apart(python, || self.held.query(&self.tree(snapshot)?, &fragment, options))?;
        Ok(report.hits.into_iter().map(Hit::from).collect())
    }

    /// The files with the passages that are most like a text, the best first.
    #[pyo3(signature = (text, *, limit = 16, snapshot = None))]
    fn query_text(
        &self,
        python: Python<'_>,
        text: &str,
        limit: usize,
        snapshot: Option<&str>,
    ) -> PyResult<Vec<Hit>> {
        let options = QueryOptions { limit, ..QueryOptions::default() };
        let report = apart(python, || self.held.query_text(&self.tree(snapshot)?, text, options))?;
        Ok(report.hits.into_iter().map(Hit::from).collect())
    }

    /// Brings a snapshot, or what stands at a path in it, out to a directory.
    #[pyo3(signature = (target, *, path = None, snapshot = None, overwrite = false))]
    fn extract(
        &self,
        python: Python<'_>,
        target: PathBuf,
        path: Option<Path>,
        snapshot: Option<&str>,
        overwrite: bool,
    ) -> PyResult<u64> {
        let paths = path.map(Path::read).transpose()?.into_iter().collect();
        let options = ExtractOptions { paths, overwrite, ..ExtractOptions::default() };
        let report = apart(python, || self.held.extract(&self.tree(snapshot)?, &target, &options, &()))?;
        Ok(report.entries)
    }

    /// Compares all that the engram holds with its hashes; damage is in the report.
    fn verify(&self, python: Python<'_>) -> PyResult<VerifyReport> {
        let report = apart(python, || self.held.verify(VerifyOptions::default(), &()))?;
        let said = |finding: &embeddenator_fs::Finding| format!("{}: {}", finding.meaning, finding.error);
        Ok(VerifyReport {
            segments: report.segments,
            chunks: report.chunks,
            bytes: report.bytes,
            findings: report.findings.iter().map(said).collect(),
        })
    }
}
