"""What callers build: plain dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import PathLike
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float32]
Vector: TypeAlias = Array | list[float] | list[int] | tuple[float, ...]
Id: TypeAlias = str | UUID
Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
Kind: TypeAlias = Literal[
    "difficulty",
    "solution",
    "error_pattern",
    "success_pattern",
    "user_preference",
    "architectural_decision",
    "tech_insight",
    "fact",
    "generic",
]
RelationType: TypeAlias = Literal["supports", "contradicts", "elaborates", "supersedes", "implies", "related_to"]
Direction: TypeAlias = Literal["outgoing", "incoming", "both"]
InsightType: TypeAlias = Literal["pattern", "synthesis", "abstraction", "correlation"]
EventType: TypeAlias = Literal["created", "updated", "archived", "deleted"]
Duplicate: TypeAlias = Literal["keep", "reinforce", "refuse"]


# Types of experiences.


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Something that went wrong or is hard."""

    description: str
    severity: Severity = "medium"


@dataclass(frozen=True, slots=True)
class Solution:
    """A solution to a difficulty; `problem` is the id of the experience that it solves."""

    approach: str
    worked: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorPattern:
    """A recurring error: how to recognise, fix and avoid it."""

    signature: str
    fix: str
    prevention: str


@dataclass(frozen=True, slots=True)
class SuccessPattern:
    """A way of working that succeeds for a kind of task; `quality` is 0 to 1."""

    task_type: str
    approach: str
    quality: float


@dataclass(frozen=True, slots=True)
class UserPreference:
    """What a user likes; `strength` is 0 to 1."""

    category: str
    preference: str
    strength: float


@dataclass(frozen=True, slots=True)
class ArchitecturalDecision:
    """A decision about the shape of a system, and why."""

    decision: str
    rationale: str


@dataclass(frozen=True, slots=True)
class TechInsight:
    """Something learnt about a technology."""

    technology: str
    insight: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A plain fact, and where it comes from."""

    statement: str
    source: str


@dataclass(frozen=True, slots=True)
class Generic:
    """Anything else, with your own category."""

    category: str | None = None


ExperienceType: TypeAlias = (
    Difficulty
    | Solution
    | ErrorPattern
    | SuccessPattern
    | UserPreference
    | ArchitecturalDecision
    | TechInsight
    | Fact
    | Generic
)


# What callers build.


_set = object.__setattr__


def _keep(built: object, *names: str) -> None:
    """Turns iterators among the fields of a frozen object into tuples: an iterator could be read only once."""
    for name in names:
        value = getattr(built, name)
        if isinstance(value, Iterator):
            _set(built, name, tuple(value))


@dataclass(frozen=True, slots=True)
class NewExperience:
    """What is recorded. See `Database.record` for the meaning of each part."""

    content: str
    _: dataclasses.KW_ONLY
    collective: Id | None = None
    embedding: Vector | None = None
    type: ExperienceType | None = None
    importance: float = 0.5
    confidence: float = 0.5
    domain: Iterable[str] = ()
    tags: Mapping[str, str] | None = None
    files: Iterable[str] = ()
    agent: str = "anonymous"
    task: str | None = None
    timestamp: datetime | None = None
    duplicate: Duplicate = "keep"
    key: str | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        _keep(self, "domain", "files")


@dataclass(frozen=True, slots=True)
class Record:
    """A change of `Database.apply`: records a `NewExperience` or a text."""

    new: NewExperience | str


@dataclass(frozen=True, slots=True)
class Update:
    """A change of `Database.apply` and `update_many`: changes what is not `None`."""

    id: Id
    _: dataclasses.KW_ONLY
    content: str | None = None
    embedding: Vector | None = None
    importance: float | None = None
    confidence: float | None = None
    domain: Iterable[str] | None = None
    tags: Mapping[str, str] | None = None
    files: Iterable[str] | None = None
    type: ExperienceType | None = None

    def __post_init__(self) -> None:
        _keep(self, "domain", "files")


@dataclass(frozen=True, slots=True)
class Archive:
    """A change of `Database.apply`: archives an experience."""

    id: Id


@dataclass(frozen=True, slots=True)
class Delete:
    """A change of `Database.apply`: deletes an experience."""

    id: Id


@dataclass(frozen=True, slots=True)
class Relate:
    """A change of `Database.apply`: stores a relation."""

    source: Id
    target: Id
    type: RelationType = "related_to"
    strength: float = 0.5
    metadata: str | None = None


Change: TypeAlias = Record | Update | Archive | Delete | Relate


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter:
    """Which experiences may be found: those that meet every condition that is given.

    `domains`, `agents`, `tasks` and `types`: any of these. `tags`: all of these. Archived and superseded experiences are
    left out unless they are included.
    """

    domains: Iterable[str] | None = None
    tags: Mapping[str, str] | None = None
    types: Iterable[Kind] | None = None
    agents: Iterable[str] | None = None
    tasks: Iterable[str] | None = None
    key_prefix: str | None = None
    min_importance: float | None = None
    min_confidence: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    include_archived: bool = False
    include_superseded: bool = False

    def __post_init__(self) -> None:
        _keep(self, "domains", "types", "agents", "tasks")


@dataclass(frozen=True, slots=True)
class Lexical:
    """A query by words alone: `"a phrase"`, `-without`, `begin*`.

    A query that names nothing to be found, such as `-without` alone, and a phrase whose quotation mark is not closed find
    nothing.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Hybrid:
    """A text with your own vector in place of the embedder's."""

    text: str
    vector: Vector


Query: TypeAlias = str | Vector | Lexical | Hybrid


@dataclass(frozen=True, slots=True)
class RecallWeights:
    """How much the score of a search and the energy of a record count together."""

    similarity: float = 0.7
    energy: float = 0.3


@dataclass(frozen=True, slots=True)
class SignalWeights:
    """The shares of words, meaning and late interaction in the score of a text."""

    lexical: float = 1.0
    vector: float = 1.0
    late: float = 1.0


@dataclass(frozen=True, slots=True)
class ContextWeights:
    """How much what surrounds a record counts for a text, beside 1 for the record itself."""

    session: float = 0.25
    window: float = 0.25
    question: float = 0.1
    agent: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of a database. The defaults work as they are.

    `embeddings`: "builtin" embeds texts with the bundled table, or with the model in the directory `model_path` if this
    build can; "external" takes vectors of `dimension` from the caller. `dimension` counts for "external" alone: vectors of
    the bundled table have 256. `sync`: with "normal" what a call has changed is on
    the disk when it returns; "fast" saves a flush, and a power cut may undo the last commit. `map_size_gb` is the largest
    size of the database, which only reserves addresses. `log_max_age` and `log_max_rows` say how long changes are kept.
    """

    embeddings: Literal["builtin", "external"] = "builtin"
    dimension: int = 384
    model_path: str | PathLike[str] | None = None
    default_collective: Id | None = None
    read_only: bool = False
    sync: Literal["normal", "fast"] = "normal"
    map_size_gb: int = 64
    log_max_age: timedelta = timedelta(days=30)
    log_max_rows: int = 1_000_000
    rescore: int = 200
    seal_rows: int = 256
    signals: SignalWeights = SignalWeights()
    context: ContextWeights = ContextWeights()
    bm25_k1: float = 1.2
    bm25_b: float = 0.6
    half_life: timedelta = timedelta(days=30)
    freq_weight: float = 0.25
    recall_weights: RecallWeights | None = None
    stale_threshold: timedelta = timedelta(minutes=5)
    watch_in_process: bool = True
    watch_poll_interval_ms: int = 100
    watch_buffer_size: int = 1000


class Embedder(Protocol):
    """What makes vectors, for `Database(path, embedder=...)` and `Database.reembed`.

    `provider` and `model` name it: they are stored with the database, which refuses to mix vectors of two embedders.
    """

    @property
    def provider(self) -> str:
        """Who makes the vectors; "external" is reserved."""

    @property
    def model(self) -> str:
        """A digest or version of the model."""

    @property
    def dimension(self) -> int:
        """Dimensions of every vector."""

    def embed(self, texts: list[str]) -> Iterable[Vector]:
        """One vector for each text, such as the rows of a two-dimensional array of float32."""
