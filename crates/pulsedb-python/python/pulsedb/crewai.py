"""A storage for the memory of CrewAI: install the wheel with the extra `crewai`.

    from crewai import Memory
    from pulsedb.crewai import PulseStorage

    memory = Memory(storage=PulseStorage("memory"))

Each memory is an experience: its scope is in its tags, its categories are its domains, and CrewAI's embedder makes the vectors.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from os import PathLike
from typing import Any

import numpy as np
from crewai.memory.storage.backend import EmbeddingDimensionMismatchError
from crewai.memory.types import MemoryRecord, ScopeInfo
from numpy.typing import NDArray

from . import Config, ConfigError, Database, Experience, Generic, NewExperience, SearchFilter, Update, _journal
from ._journal import ROWS_MAX
from ._opened import Opened

__all__ = ["PulseStorage"]

# What the keys of memories begin with; the rest is the id.
KEYS = "memory/"
# The tag of a memory that has no vector. The database wants one for each, so one is made up that no search looks at.
VECTORLESS = {"vector": "none"}
AGENT = "crewai"


class PulseStorage:
    """A `StorageBackend` of CrewAI in a collective of a database: an open one for given vectors, or a path, which the storage
    opens for vectors of `dimension`.

    The default is the dimension of CrewAI's own default embedder. A record that is saved again replaces the one of its id.
    Saving takes at most 10 000 records at once, a content 102 400 bytes, and everything else about a record 10 240.
    """

    def __init__(
        self, database: Database | str | PathLike[str], *, dimension: int = 3072, collective: str = "crewai"
    ) -> None:
        config = Config(embeddings="external", dimension=dimension)
        self._opened = Opened(database, collective, config=config, check=_expect_external)
        self._db, self._collective = self._opened.db, self._opened.collective

    def close(self) -> None:
        """Closes the database, if the storage has opened it."""
        self._opened.close()

    # What is changed.

    def save(self, records: list[MemoryRecord]) -> None:
        """Saves all of these records or none, in one commit."""
        self._db.record_many(self._new(record) for record in {record.id: record for record in records}.values())

    def update(self, record: MemoryRecord) -> None:
        """Replaces the record of this id."""
        self.save([record])

    def touch_records(self, record_ids: list[str]) -> None:
        """Says that these records were read now."""
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        records = ((row, _record(row)) for row in self._rows_of(record_ids))
        self._db.update_many(
            Update(row.id, type=_details(record.model_copy(update={"last_accessed": now}))) for row, record in records
        )

    def delete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """Deletes the records that meet every condition that is given; how many these were."""
        rows = self._rows() if record_ids is None else self._rows_of(record_ids)
        labels = _labels(scope_prefix)
        ids = [
            row.id
            for row in rows
            for record in [_record(row)]
            if _labels(record.scope)[: len(labels)] == labels
            and _fits(record, categories, metadata_filter)
            and (older_than is None or _aware(record.created_at) < _aware(older_than))
        ]
        _journal.delete_all(self._db, ids)
        return len(ids)

    def reset(self, scope_prefix: str | None = None) -> None:
        """Deletes every record of a scope."""
        self.delete(scope_prefix)

    # What is asked.

    def search(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]:
        """The records whose vectors are nearest, each with the cosine; none has less than 0.

        `metadata_filter` and `categories` choose among the nearest 1000: where few fit, there may be more than are found.
        """
        self._expect_dimension(query_embedding)
        vector = np.asarray(query_embedding, dtype=np.float32)
        found: list[tuple[MemoryRecord, float]] = []
        if limit <= 0 or not vector.any():
            return found
        # First as many as are likely to do, then as many as one call gives.
        for k in sorted({min(limit * 4, ROWS_MAX), ROWS_MAX}):
            hits = self._db.search(self._collective, vector, k=k, filter=_wanted(scope_prefix, categories))
            found = [
                (record, score)
                for hit in hits
                for record, score in [(_record(hit.experience), max(0.0, hit.similarity))]
                if record.embedding and score >= min_score and _fits(record, categories, metadata_filter)
            ]
            if len(found) >= limit or len(hits) < k:
                break
        return found[:limit]

    def get_record(self, record_id: str) -> MemoryRecord | None:
        """The record of this id."""
        return next((_record(row) for row in self._rows_of([record_id])), None)

    def list_records(self, scope_prefix: str | None = None, limit: int = 200, offset: int = 0) -> list[MemoryRecord]:
        """The records of a scope, newest first."""
        if limit <= 0 or offset < 0:
            return []
        if offset + limit <= ROWS_MAX:
            rows = self._db.recent(self._collective, offset + limit, filter=_wanted(scope_prefix, None))
        else:
            rows = sorted(self._rows(scope_prefix), key=lambda row: row.timestamp, reverse=True)
        return [_record(row) for row in rows[offset : offset + limit]]

    def get_scope_info(self, scope: str) -> ScopeInfo:
        """What is in a scope and below it."""
        records = [_record(row) for row in self._rows(scope)]
        moments = sorted((record.created_at for record in records), key=_aware)
        return ScopeInfo(
            path=_path(_labels(scope)),
            record_count=len(records),
            categories=sorted({category for record in records for category in record.categories}),
            oldest_record=moments[0] if moments else None,
            newest_record=moments[-1] if moments else None,
            child_scopes=_children(scope, records),
        )

    def list_scopes(self, parent: str = "/") -> list[str]:
        """The scopes just below a scope."""
        return _children(parent, (_record(row) for row in self._rows(parent)))

    def list_categories(self, scope_prefix: str | None = None) -> dict[str, int]:
        """The categories in a scope, and how many records have each."""
        counts: dict[str, int] = {}
        for row in self._rows(scope_prefix):
            for category in _record(row).categories:
                counts[category] = counts.get(category, 0) + 1
        return counts

    def count(self, scope_prefix: str | None = None) -> int:
        """How many records are in a scope and below it."""
        return sum(1 for _ in self._rows(scope_prefix))

    async def asave(self, records: list[MemoryRecord]) -> None:
        """As `save`, without holding up the event loop."""
        await asyncio.to_thread(self.save, records)

    async def asearch(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> list[tuple[MemoryRecord, float]]:
        """As `search`, without holding up the event loop."""
        return await asyncio.to_thread(
            self.search, query_embedding, scope_prefix, categories, metadata_filter, limit, min_score
        )

    async def adelete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """As `delete`, without holding up the event loop."""
        return await asyncio.to_thread(self.delete, scope_prefix, categories, record_ids, older_than, metadata_filter)

    def _new(self, record: MemoryRecord) -> NewExperience:
        tags = {_scope_tag(depth): label for depth, label in enumerate(_labels(record.scope))}
        if record.embedding and any(record.embedding):
            self._expect_dimension(record.embedding)
            embedding = np.asarray(record.embedding, dtype=np.float32)
        else:
            embedding = _made_up(self._db.dimension)
            tags |= VECTORLESS
        return NewExperience(
            record.content,
            collective=self._collective,
            key=KEYS + record.id,
            embedding=embedding,
            type=_details(record),
            importance=record.importance,
            domain=_domains(record.categories),
            tags=tags,
            agent=(record.source or "").strip() or AGENT,
            timestamp=_aware(record.created_at),
        )

    def _expect_dimension(self, vector: list[float]) -> None:
        if len(vector) != self._db.dimension:
            raise EmbeddingDimensionMismatchError(self._db.dimension, len(vector))

    def _rows_of(self, record_ids: list[str]) -> Iterator[Experience]:
        rows = (self._db.get_by_key(self._collective, KEYS + id) for id in dict.fromkeys(record_ids))
        return (row for row in rows if row is not None)

    def _rows(self, scope_prefix: str | None = None) -> Iterator[Experience]:
        """Every record of a scope, oldest first."""
        tags = _wanted(scope_prefix, None).tags or {}
        after = None
        while True:
            rows = self._db.experiences(self._collective, limit=ROWS_MAX, after=after)
            for row in rows:
                # Others may write into the collective too.
                if (row.key or "").startswith(KEYS) and tags.items() <= row.tags.items():
                    yield row
            if len(rows) < ROWS_MAX:
                return
            after = rows[-1].id


def _expect_external(db: Database) -> None:
    if db.embedder.provider != "external":
        raise ConfigError(
            f"CrewAI's embedder makes the vectors, and this database holds those of {db.embedder.provider}; make it with "
            '`Config(embeddings="external", dimension=...)`'
        )


def _wanted(scope_prefix: str | None, categories: list[str] | None) -> SearchFilter:
    tags = {_scope_tag(depth): label for depth, label in enumerate(_labels(scope_prefix))}
    return SearchFilter(key_prefix=KEYS, tags=tags or None, domains=_domains(categories or []) or None)


def _fits(record: MemoryRecord, categories: list[str] | None, metadata: dict[str, Any] | None) -> bool:
    return (not categories or any(category in record.categories for category in categories)) and all(
        record.metadata.get(name) == value for name, value in (metadata or {}).items()
    )


def _details(record: MemoryRecord) -> Generic:
    """All of a record that is not its content or its vector."""
    return Generic(_journal.json_of(record.model_dump(mode="json", exclude={"content"})))


def _record(row: Experience) -> MemoryRecord:
    assert isinstance(row.type, Generic) and row.type.category is not None
    embedding = None if VECTORLESS.items() <= row.tags.items() else row.embedding.tolist()
    return MemoryRecord(content=row.content, embedding=embedding, **json.loads(row.type.category))


def _domains(categories: Iterable[str]) -> list[str]:
    stripped = (category.strip() for category in categories)
    return list(dict.fromkeys(category for category in stripped if category))


def _scope_tag(depth: int) -> str:
    return f"scope {depth}"


def _labels(scope: str | None) -> list[str]:
    return [label for label in (scope or "").split("/") if label]


def _path(labels: list[str]) -> str:
    return "/" + "/".join(labels)


def _children(scope: str, records: Iterable[MemoryRecord]) -> list[str]:
    depth = len(_labels(scope)) + 1
    below = (_labels(record.scope)[:depth] for record in records)
    return sorted({_path(labels) for labels in below if len(labels) == depth})


def _made_up(dimension: int) -> NDArray[np.float32]:
    vector = np.zeros(dimension, dtype=np.float32)
    vector[0] = 1
    return vector


def _aware(moment: datetime) -> datetime:
    """Moments of CrewAI without a time zone are of UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
