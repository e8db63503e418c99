"""What calls give: plain dataclasses, and what makes classes of the native part like them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ._records import Array, EventType, InsightType, RelationType


@dataclass(frozen=True, slots=True)
class Collective:
    """A named space for experiences."""

    id: str
    name: str
    owner: str | None
    dimension: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CollectiveStats:
    """Exact counts of a collective; `oldest` and `newest` are timestamps of its experiences."""

    experiences: int
    bytes: int
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of a hit: what was measured, and what that adds to the score."""

    raw: float
    share: float


@dataclass(frozen=True, slots=True)
class Explain:
    """What a score is made of: the sum of all but the signals, whose shares are `fused`."""

    lexical: Signal | None
    vector: Signal | None
    late: Signal | None
    fused: float
    session: float
    window: float
    question: float
    agent: float
    energy: float | None


@dataclass(frozen=True, slots=True)
class Relation:
    """What one experience, the source, says about another, the target."""

    id: str
    source: str
    target: str
    type: RelationType
    strength: float
    metadata: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Insight:
    """What agents have derived from several experiences. `missing_sources` were deleted since."""

    id: str
    collective: str
    content: str
    embedding: Array
    sources: list[str]
    missing_sources: list[str]
    type: InsightType
    confidence: float
    domain: list[str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Activity:
    """An agent at work in a collective."""

    collective: str
    agent: str
    task: str | None
    summary: str | None
    started_at: datetime
    last_heartbeat: datetime


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """A change of an experience; `sequence` is its number, `timestamp` when it was made."""

    experience: str
    collective: str
    type: EventType
    timestamp: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has the database open for writing."""

    pid: int
    started: datetime
    host: str


@dataclass(frozen=True, slots=True)
class ReaderInfo:
    """A process that holds a snapshot open, and how long that has been out of date, at least."""

    pid: int
    transactions_behind: int
    age: timedelta


@dataclass(frozen=True, slots=True)
class TableStats:
    """The size of one table."""

    name: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class CollectiveSummary:
    """A collective and its exact counts."""

    id: str
    name: str
    experiences: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """Which embedder made the vectors of a database."""

    provider: str
    model: str
    dimension: int


@dataclass(frozen=True, slots=True)
class Reembedding:
    """A move to another embedder that has not ended, and how far it is."""

    to: ProviderIdentity
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class DatabaseStats:
    """The state of a database. Sizes are in bytes; `oldest_change` is the first number that the log still holds."""

    file_bytes: int
    reclaimable_bytes: int
    map_bytes: int
    sequence: int
    oldest_change: int
    tables: list[TableStats]
    readers: list[ReaderInfo]
    writers: list[Holder]
    collectives: list[CollectiveSummary]
    collectives_reclaiming: int
    embedder: ProviderIdentity
    reembedding: Reembedding | None
    old_vectors_reclaiming: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong that a check found: the table, the key and what is wrong."""

    table: str
    key: str
    problem: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check has read and found, and what a repair could not save."""

    collectives: int
    experiences: int
    vectors: int
    insights: int
    relations: int
    activities: int
    changes: int
    index_rows: int
    fault_count: int
    records_lost: int
    vectors_lost: int
    relations_lost: int
    insights_lost: int
    faults: list[Fault] = field(default_factory=list)
    damaged_copy: Path | None = None

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault_count == 0


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup wrote: a directory that can be opened as a database."""

    path: Path
    bytes: int
    sequence: int


@dataclass(frozen=True, slots=True)
class CompactReport:
    """The length of the data file before a compaction, and now."""

    bytes_before: int
    bytes_after: int


def as_dataclass(native: type[Any], names: Sequence[str]) -> None:
    """Lets the functions of `dataclasses` and patterns of `match` work on a class of the native part."""
    fields = dataclasses.make_dataclass(native.__name__, names, frozen=True)
    setattr(native, "__dataclass_fields__", getattr(fields, "__dataclass_fields__"))
    setattr(native, "__match_args__", tuple(names))
