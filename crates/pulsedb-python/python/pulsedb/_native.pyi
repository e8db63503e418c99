from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self, TypedDict, Unpack

from ._records import (
    Array,
    Change,
    Config,
    ContextWeights,
    Direction,
    Duplicate,
    Embedder,
    ExperienceType,
    Id,
    InsightType,
    Kind,
    NewExperience,
    Query,
    RecallWeights,
    RelationType,
    SearchFilter,
    SignalWeights,
    Update,
    Vector,
)
from ._results import (
    Activity,
    BackupReport,
    CheckReport,
    Collective,
    CollectiveStats,
    CompactReport,
    DatabaseStats,
    Explain,
    Holder,
    Insight,
    ProviderIdentity,
    Relation,
    WatchEvent,
)

__all__ = [
    "__version__",
    "Database",
    "Experience",
    "SearchResult",
    "Context",
    "Watch",
    "energy",
    "matched",
    "passage",
]

__version__: str

class _Changes(TypedDict, total=False):
    content: str
    embedding: Vector
    importance: float
    confidence: float
    domain: Iterable[str]
    tags: Mapping[str, str]
    files: Iterable[str]
    type: ExperienceType
    key: str | None
    expires_at: datetime | None

@final
class Experience:
    __match_args__: ClassVar[tuple[str, ...]]
    __dataclass_fields__: ClassVar[dict[str, Any]]
    def __new__(
        cls,
        *,
        id: Id,
        collective: Id,
        content: str,
        embedding: Vector,
        type: ExperienceType,
        importance: float,
        confidence: float,
        applications: int,
        domain: Iterable[str],
        tags: Mapping[str, str],
        files: Iterable[str],
        agent: str,
        task: str | None,
        timestamp: datetime,
        updated_at: datetime,
        last_reinforced: datetime,
        archived: bool,
        superseded: bool,
        key: str | None,
        expires_at: datetime | None,
        sequence: int,
    ) -> Self: ...
    @property
    def id(self) -> str: ...
    @property
    def collective(self) -> str: ...
    @property
    def content(self) -> str: ...
    @property
    def embedding(self) -> Array: ...
    @property
    def type(self) -> ExperienceType: ...
    @property
    def importance(self) -> float: ...
    @property
    def confidence(self) -> float: ...
    @property
    def applications(self) -> int: ...
    @property
    def domain(self) -> list[str]: ...
    @property
    def tags(self) -> dict[str, str]: ...
    @property
    def files(self) -> list[str]: ...
    @property
    def agent(self) -> str: ...
    @property
    def task(self) -> str | None: ...
    @property
    def timestamp(self) -> datetime: ...
    @property
    def updated_at(self) -> datetime: ...
    @property
    def last_reinforced(self) -> datetime: ...
    @property
    def archived(self) -> bool: ...
    @property
    def superseded(self) -> bool: ...
    @property
    def key(self) -> str | None: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def sequence(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class SearchResult:
    __match_args__: ClassVar[tuple[str, ...]]
    __dataclass_fields__: ClassVar[dict[str, Any]]
    def __new__(cls, *, experience: Experience, similarity: float, explain: Explain | None = None) -> Self: ...
    @property
    def experience(self) -> Experience: ...
    @property
    def similarity(self) -> float: ...
    @property
    def explain(self) -> Explain | None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Context:
    @property
    def similar(self) -> list[SearchResult]: ...
    @property
    def recent(self) -> list[Experience]: ...
    @property
    def insights(self) -> list[tuple[Insight, float]]: ...
    @property
    def relations(self) -> list[Relation]: ...
    @property
    def active_agents(self) -> list[Activity]: ...
    @property
    def omitted(self) -> int: ...
    def render_markdown(self) -> str: ...

@final
class Watch:
    @property
    def end(self) -> str | None: ...
    def get(self, timeout: float | None = None) -> WatchEvent | None: ...
    def close(self) -> None: ...
    def _poll(self, ring: Callable[[], None]) -> WatchEvent | None: ...
    def _forget(self, ring: Callable[[], None]) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> WatchEvent: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> WatchEvent: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...

@final
class Database:
    def __new__(
        cls, path: str | PathLike[str], config: Config | None = None, *, embedder: Embedder | None = None
    ) -> Self: ...
    @classmethod
    def open(
        cls, path: str | PathLike[str], config: Config | None = None, *, embedder: Embedder | None = None
    ) -> Self: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...
    @property
    def closed(self) -> bool: ...
    @property
    def path(self) -> Path: ...
    @property
    def read_only(self) -> bool: ...
    @property
    def dimension(self) -> int: ...
    @property
    def sequence(self) -> int: ...
    @property
    def embedder(self) -> ProviderIdentity: ...
    def embed(self, text: str) -> Array: ...

    # Collectives.
    def collective(self, name: str) -> str: ...
    def create_collective(self, name: str, *, owner: str | None = None) -> str: ...
    def get_collective(self, id: Id) -> Collective | None: ...
    def collectives(self, *, owner: str | None = None) -> list[Collective]: ...
    def collective_stats(self, collective: Id) -> CollectiveStats: ...
    def rename_collective(self, collective: Id, name: str) -> None: ...
    def delete_collective(self, collective: Id) -> None: ...

    # Experiences.
    def record(
        self,
        content: str,
        *,
        collective: Id | None = None,
        embedding: Vector | None = None,
        type: ExperienceType | None = None,
        importance: float | None = None,
        confidence: float | None = None,
        domain: Iterable[str] | None = None,
        tags: Mapping[str, str] | None = None,
        files: Iterable[str] | None = None,
        agent: str | None = None,
        task: str | None = None,
        timestamp: datetime | None = None,
        duplicate: Duplicate | None = None,
        key: str | None = None,
        expires_at: datetime | None = None,
    ) -> str: ...
    def record_many(self, experiences: Iterable[NewExperience | str]) -> list[str]: ...
    def restore(self, experiences: Iterable[Experience]) -> None: ...
    def get(self, id: Id) -> Experience | None: ...
    def get_by_key(self, collective: Id, key: str) -> Experience | None: ...
    def keys(
        self, collective: Id, prefix: str | None = None, *, after: str | None = None, limit: int | None = None
    ) -> list[str]: ...
    def update(self, id: Id, **changes: Unpack[_Changes]) -> None: ...
    def update_many(self, updates: Iterable[Update]) -> None: ...
    def apply(self, collective: Id, changes: Iterable[Change]) -> list[tuple[str, str]]: ...
    def archive(self, id: Id) -> None: ...
    def archive_many(self, ids: Iterable[Id]) -> None: ...
    def unarchive(self, id: Id) -> None: ...
    def delete(self, id: Id) -> None: ...
    def delete_many(self, ids: Iterable[Id]) -> None: ...
    def reinforce(self, id: Id) -> int: ...
    def energy(self, id: Id) -> float: ...
    def experiences(
        self, collective: Id, *, limit: int | None = None, after: Id | None = None, offset: int | None = None
    ) -> list[Experience]: ...
    def cold(self, collective: Id, below: float, *, limit: int | None = None) -> list[tuple[str, float]]: ...
    def recent(
        self, collective: Id, limit: int | None = None, *, filter: SearchFilter | None = None
    ) -> list[Experience]: ...

    # Search.
    def search(
        self,
        collective: Id,
        query: Query,
        *,
        k: int | None = None,
        filter: SearchFilter | None = None,
        weights: RecallWeights | None = None,
        signals: SignalWeights | None = None,
        context: ContextWeights | None = None,
        exact: bool = False,
        explain: bool = False,
    ) -> list[SearchResult]: ...
    def search_ids(
        self,
        collective: Id,
        query: Query,
        *,
        k: int | None = None,
        filter: SearchFilter | None = None,
        weights: RecallWeights | None = None,
        exact: bool = False,
    ) -> tuple[NDArray[np.str_], Array]: ...
    def context(
        self,
        collective: Id,
        query: Query,
        *,
        max_similar: int | None = None,
        max_recent: int | None = None,
        include_insights: bool = True,
        include_relations: bool = True,
        include_active_agents: bool = True,
        filter: SearchFilter | None = None,
        weights: RecallWeights | None = None,
        max_tokens: int | None = None,
    ) -> Context: ...

    # Relations.
    def relate(
        self,
        source: Id,
        target: Id,
        type: RelationType | None = None,
        *,
        strength: float | None = None,
        metadata: str | None = None,
    ) -> str: ...
    def supersede(self, id: Id, new: NewExperience | str) -> str: ...
    def history(self, id: Id) -> list[Experience]: ...
    def get_relation(self, id: Id) -> Relation | None: ...
    def related(
        self, id: Id, direction: Direction | None = None, type: RelationType | None = None
    ) -> list[tuple[Experience, Relation]]: ...
    def delete_relation(self, id: Id) -> None: ...
    def relations(self, collective: Id, *, limit: int | None = None, offset: int | None = None) -> list[Relation]: ...
    def restore_relations(self, relations: Iterable[Relation]) -> None: ...

    # Insights.
    def store_insight(
        self,
        content: str,
        sources: Iterable[Id],
        *,
        collective: Id | None = None,
        embedding: Vector | None = None,
        type: InsightType | None = None,
        confidence: float | None = None,
        domain: Iterable[str] | None = None,
    ) -> str: ...
    def get_insight(self, id: Id) -> Insight | None: ...
    def search_insights(
        self,
        collective: Id,
        query: Query,
        *,
        k: int | None = None,
        domains: Iterable[str] | None = None,
        types: Iterable[InsightType] | None = None,
        min_confidence: float | None = None,
    ) -> list[tuple[Insight, float]]: ...
    def insights_of(self, id: Id) -> list[Insight]: ...
    def delete_insight(self, id: Id) -> None: ...
    def insights(self, collective: Id, *, limit: int | None = None, offset: int | None = None) -> list[Insight]: ...
    def restore_insights(self, insights: Iterable[Insight]) -> None: ...

    # Agents at work.
    def register_activity(
        self, collective: Id, agent: str, *, task: str | None = None, summary: str | None = None
    ) -> None: ...
    def heartbeat(self, collective: Id, agent: str) -> None: ...
    def end_activity(self, collective: Id, agent: str) -> None: ...
    def active_agents(self, collective: Id) -> list[Activity]: ...

    # What happens.
    def changes(self, collective: Id, since: int | None = None) -> tuple[list[WatchEvent], int]: ...
    def watch(
        self,
        collective: Id,
        *,
        since: int | None = None,
        domains: Iterable[str] | None = None,
        types: Iterable[Kind] | None = None,
        min_importance: float | None = None,
    ) -> Watch: ...

    # Upkeep.
    def stats(self) -> DatabaseStats: ...
    def check(self) -> CheckReport: ...
    def backup(self, path: str | PathLike[str]) -> BackupReport: ...
    def compact(self) -> CompactReport: ...
    def reembed(self, embedder: Embedder, progress: Callable[[int, int], object] | None = None) -> None: ...
    @staticmethod
    def writers(path: str | PathLike[str]) -> list[Holder]: ...
    @staticmethod
    def repair(path: str | PathLike[str], config: Config | None = None) -> CheckReport: ...

def energy(
    importance: float,
    applications: int,
    last_reinforced: datetime,
    now: datetime,
    *,
    half_life: timedelta | None = None,
    freq_weight: float | None = None,
) -> float: ...
def matched(query: Query, text: str) -> list[tuple[int, int]]: ...
def passage(query: Query, content: str) -> str: ...
