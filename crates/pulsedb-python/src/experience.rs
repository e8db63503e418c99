//! Experiences and hits: whole in Rust, an attribute becomes an object of Python when it is read.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use numpy::{IntoPyArray, PyArray1};
use pulsedb::{AgentId, Explain, Signal, TaskId};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::arguments::{Id, Moment, Number, Sequence, Text, Times, number, texts};
use crate::classes::Class;
use crate::inputs::tags;
use crate::moments::{datetime, maybe_datetime};
use crate::parts::Parts;
use crate::vectors::Vector;
use crate::{fields, kinds};

static EXPLAIN: Class = Class::of_results("Explain");
static SIGNAL: Class = Class::of_results("Signal");

/// How much of a content a `repr` shows.
const SHOWN_CHARACTERS: usize = 60;

/// A recorded experience. Equal if all of it is; it can be hashed, copied and pickled, and `dataclasses.asdict`,
/// `fields` and `replace` work on it.
#[pyclass(frozen, module = "pulsedb")]
pub(crate) struct Experience {
    held: pulsedb::Experience,
}

impl From<pulsedb::Experience> for Experience {
    fn from(held: pulsedb::Experience) -> Self {
        Self { held }
    }
}

impl Experience {
    /// A copy for the database.
    pub(crate) fn held(&self) -> &pulsedb::Experience {
        &self.held
    }
}

#[pymethods]
impl Experience {
    /// An experience of these parts, as `Database.restore` takes it.
    #[new]
    #[pyo3(signature = (*, id, collective, content, embedding, r#type, importance, confidence, applications, domain, tags,
        files, agent, task, timestamp, updated_at, last_reinforced, archived, superseded, key, expires_at, sequence))]
    #[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        id: Id<pulsedb::ExperienceId, fields::Identifier>,
        collective: Id<pulsedb::CollectiveId, fields::Collective>,
        content: Text<fields::Content>,
        embedding: Vector,
        r#type: &Bound<'_, PyAny>,
        importance: Number<fields::Importance>,
        confidence: Number<fields::Confidence>,
        applications: Times<fields::Applications>,
        domain: &Bound<'_, PyAny>,
        tags: &Bound<'_, PyAny>,
        files: &Bound<'_, PyAny>,
        agent: Text<fields::Agent>,
        task: Option<Text<fields::Task>>,
        timestamp: Moment<fields::Timestamp>,
        updated_at: Moment<fields::UpdatedAt>,
        last_reinforced: Moment<fields::LastReinforced>,
        archived: bool,
        superseded: bool,
        key: Option<Text<fields::Key>>,
        expires_at: Option<Moment<fields::ExpiresAt>>,
        sequence: Sequence<fields::Sequence>,
    ) -> PyResult<Self> {
        Ok(Self {
            held: pulsedb::Experience {
                id: id.0,
                collective_id: collective.0,
                content: content.0,
                embedding: embedding.0,
                experience_type: kinds::read("type", r#type)?,
                importance: importance.0,
                confidence: confidence.0,
                applications: applications.0,
                domain: texts("domain", domain)?,
                tags: self::tags("tags", tags)?,
                related_files: texts("files", files)?,
                source_agent: AgentId::new(agent.0),
                source_task: task.map(|task| TaskId::new(task.0)),
                timestamp: timestamp.0,
                updated_at: updated_at.0,
                last_reinforced: last_reinforced.0,
                archived,
                superseded,
                key: key.map(|key| key.0),
                expires_at: expires_at.map(|end| end.0),
                sequence: sequence.0,
            },
        })
    }

    /// Its identifier; those of later experiences are greater.
    #[getter]
    fn id(&self) -> String {
        self.held.id.to_string()
    }

    /// The id of its collective.
    #[getter]
    fn collective(&self) -> String {
        self.held.collective_id.to_string()
    }

    /// The text.
    #[getter]
    fn content(&self) -> &str {
        &self.held.content
    }

    /// Its vector, as an array of its own; empty if the embedder knew none of the words.
    #[getter]
    fn embedding<'py>(&self, python: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        self.held.embedding.clone().into_pyarray(python)
    }

    /// What kind of experience it is, such as `Fact`.
    #[getter]
    fn r#type<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        kinds::made(python, &self.held.experience_type)
    }

    /// How much it matters, 0 to 1.
    #[getter]
    fn importance(&self) -> f32 {
        self.held.importance
    }

    /// How sure the agent is, 0 to 1.
    #[getter]
    fn confidence(&self) -> f32 {
        self.held.confidence
    }

    /// How many times it was reinforced.
    #[getter]
    fn applications(&self) -> u32 {
        self.held.applications
    }

    /// The domains it belongs to.
    #[getter]
    fn domain(&self) -> Vec<String> {
        self.held.domain.clone()
    }

    /// Free key-value pairs.
    #[getter]
    fn tags(&self) -> BTreeMap<String, String> {
        self.held.tags.clone()
    }

    /// Paths of files it is about.
    #[getter]
    fn files(&self) -> Vec<String> {
        self.held.related_files.clone()
    }

    /// Who recorded it.
    #[getter]
    fn agent(&self) -> &str {
        self.held.source_agent.as_str()
    }

    /// In which task, session or conversation.
    #[getter]
    fn task(&self) -> Option<&str> {
        self.held.source_task.as_ref().map(TaskId::as_str)
    }

    /// When it happened.
    #[getter]
    fn timestamp<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(python, self.held.timestamp)
    }

    /// When it was last changed.
    #[getter]
    fn updated_at<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(python, self.held.updated_at)
    }

    /// When it was last reinforced; if never, when it was recorded.
    #[getter]
    fn last_reinforced<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(python, self.held.last_reinforced)
    }

    /// Whether it is archived: kept, but left out of searches unless they ask for archived ones.
    #[getter]
    fn archived(&self) -> bool {
        self.held.archived
    }

    /// Whether another experience takes its place.
    #[getter]
    fn superseded(&self) -> bool {
        self.held.superseded
    }

    /// The name that it can be found and replaced by.
    #[getter]
    fn key(&self) -> Option<&str> {
        self.held.key.as_deref()
    }

    /// From then on it is hidden from every call but `Database.get`.
    #[getter]
    fn expires_at<'py>(&self, python: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        maybe_datetime(python, self.held.expires_at)
    }

    /// The number of its last change.
    #[getter]
    fn sequence(&self) -> u64 {
        self.held.sequence
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.held == other.held
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.held.id.hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let mut shown: String = self.held.content.chars().take(SHOWN_CHARACTERS).collect();
        if shown.len() < self.held.content.len() {
            shown.push_str("...");
        }
        format!(
            "Experience(id='{}', agent={:?}, content={shown:?})",
            self.held.id,
            self.held.source_agent.as_str()
        )
    }

    fn __getnewargs_ex__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        parts_of(slf.as_any())
    }
}

/// One hit of a search: the experience, the score that ranked it, and what that is made of.
#[pyclass(frozen, module = "pulsedb")]
pub(crate) struct SearchResult {
    experience: Py<Experience>,
    similarity: f32,
    explain: Option<Explain>,
}

impl SearchResult {
    /// A hit as an object.
    pub(crate) fn made(python: Python<'_>, result: pulsedb::SearchResult) -> PyResult<Py<Self>> {
        let experience = Py::new(python, Experience::from(result.experience))?;
        Py::new(python, Self { experience, similarity: result.similarity, explain: result.explain })
    }
}

#[pymethods]
impl SearchResult {
    /// A hit of these parts.
    #[new]
    #[pyo3(signature = (*, experience, similarity, explain = None))]
    fn new(
        experience: Py<Experience>,
        similarity: Number<fields::Similarity>,
        explain: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let explain = explain.map(|explain| explained(&explain)).transpose()?;
        Ok(Self { experience, similarity: similarity.0, explain })
    }

    /// The experience, whole.
    #[getter]
    fn experience(&self, python: Python<'_>) -> Py<Experience> {
        self.experience.clone_ref(python)
    }

    /// The score that ranked it: the cosine for a vector, BM25 for words, signals and context in one for a text.
    #[getter]
    fn similarity(&self) -> f32 {
        self.similarity
    }

    /// What the score is made of, if the search asked for it.
    #[getter]
    fn explain<'py>(&self, python: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let signal = |signal: Option<Signal>| {
            signal.map(|signal| SIGNAL.make(python, (signal.raw, signal.share))).transpose()
        };
        let Some(explain) = &self.explain else { return Ok(None) };
        let parts = (
            signal(explain.lexical)?,
            signal(explain.vector)?,
            signal(explain.late)?,
            explain.fused,
            explain.session,
            explain.window,
            explain.question,
            explain.agent,
            explain.energy,
        );
        EXPLAIN.make(python, parts).map(Some)
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.similarity.to_bits() == other.similarity.to_bits()
            && self.explain == other.explain
            && self.experience.get().held == other.experience.get().held
    }

    fn __hash__(&self) -> u64 {
        self.experience.get().__hash__()
    }

    fn __repr__(&self) -> String {
        format!(
            "SearchResult(similarity={}, experience={})",
            self.similarity,
            self.experience.get().__repr__()
        )
    }

    fn __getnewargs_ex__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        parts_of(slf.as_any())
    }
}

/// The keyword arguments that make an equal object: one for each field.
fn parts_of<'py>(object: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
    let python = object.py();
    let parts = PyDict::new(python);
    for name in object.getattr("__match_args__")?.try_iter()? {
        let name = name?;
        parts.set_item(&name, object.getattr(name.cast::<pyo3::types::PyString>()?)?)?;
    }
    Ok((PyTuple::empty(python), parts))
}

fn explained(object: &Bound<'_, PyAny>) -> PyResult<Explain> {
    let parts = Parts(object);
    let part = |name: &str| parts.read(name, number);
    let signal = |name: &str| {
        parts.given(name, |_, signal| {
            let part = |name: &str| Parts(signal).read(name, number);
            Ok(Signal { raw: part("raw")?, share: part("share")? })
        })
    };
    Ok(Explain {
        lexical: signal("lexical")?,
        vector: signal("vector")?,
        late: signal("late")?,
        fused: part("fused")?,
        session: part("session")?,
        window: part("window")?,
        question: part("question")?,
        agent: part("agent")?,
        energy: parts.given("energy", number)?,
    })
}
