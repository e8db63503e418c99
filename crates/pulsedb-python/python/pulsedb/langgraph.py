"""A store for LangGraph: install the wheel with the extra `langgraph`.

>>> from pulsedb.langgraph import PulseStore
>>> store = PulseStore("memory")
>>> store.put(("users", "ada"), "food", {"text": "likes noodles with chili"})
>>> store.search(("users",), query="what does she eat?")[0].key
'food'

An item is one record of a collective: its content is the value as JSON, its key is made of namespace and key. The puts of a
batch are one commit; its reads see what was there before. Any number of threads and processes may use one store.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import chain
from os import PathLike
from types import TracebackType
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    ensure_embeddings,
    get_text_at_path,
    tokenize_path,
)

from . import (
    Change,
    Config,
    ConfigError,
    Database,
    Delete,
    Experience,
    InvalidFieldError,
    NewExperience,
    NotFoundError,
    Query,
    Record,
    _journal,
)
from ._filters import Wanted, matches
from ._opened import Opened
from ._paths import Namespace, is_own, namespace_of, parted, path_of, storable

__all__ = ["PulseStore"]

Vector: TypeAlias = NDArray[np.float32]

# Domains: what is an item, and what has the vector of a text.
ITEM, INDEXED = "item", "indexed"
# The most rows of one call of the database.
ROWS_MAX = 1000
# How often a batch is tried again that deletes what another process has deleted meanwhile.
ATTEMPTS = 20
# An end that a read would move by less than this part of its time to live stays as it is, since moving it is a commit.
REFRESH_MIN = 0.01


class PulseStore(BaseStore):
    """Items in a collective of a PulseDB database.

    `database` is an open `Database` or the path of one, which the store then opens and closes. `index` says how items are
    searched: "text", the default, ranks them by words and meaning with the embedder of the database; an `IndexConfig` by
    the cosine of the vectors that its `embed` makes, for which the database has `embeddings="external"` and its `dims`;
    `None` not at all. `ttl` is the configuration of LangGraph: what has expired is hidden at once and removed by itself, so
    that there is no sweeping.

    A value has at most 102 400 bytes of JSON; namespace and key together at most 400 bytes of UTF-8, with one more for each
    label and two more for each `/`, `:`, `#`, `%` or `;` in them. A batch has at most 10 000 puts and deletes. Searches without
    a query give the newest items first. A search by text sees the best 1000 answers: it gives no more, and its filter
    chooses among them.
    """

    supports_ttl = True
    __slots__ = ("_collective", "_db", "_fields", "_opened", "embeddings", "index_config", "ttl_config")

    def __init__(
        self,
        database: Database | str | PathLike[str],
        *,
        index: IndexConfig | Literal["text"] | None = "text",
        ttl: TTLConfig | None = None,
        collective: str = "langgraph",
    ) -> None:
        self.ttl_config = ttl
        self.index_config = index
        self.embeddings = None
        self._fields: list[str | list[str]] = []
        if isinstance(index, dict):
            self.embeddings = ensure_embeddings(index.get("embed"))
            self._fields = [_tokens(path) for path in index.get("fields") or ["$"]]
        config = None
        if isinstance(index, dict):
            if "dims" not in index:
                raise ConfigError("`index` has no `dims`; say how many dimensions the vectors of its `embed` have")
            config = Config(embeddings="external", dimension=index["dims"])
        self._opened = Opened(database, collective, config=config, check=self._expect_fitting)
        self._db, self._collective = self._opened.db, self._opened.collective

    def _expect_fitting(self, db: Database) -> None:
        """Refuses a database whose vectors are not those that the index needs."""
        embedder = db.embedder
        if isinstance(self.index_config, dict):
            dims = self.index_config["dims"]
            if (embedder.provider, embedder.dimension) != ("external", dims):
                raise ConfigError(
                    f"the database holds vectors of {embedder.provider} with {embedder.dimension} dimensions, the index "
                    f"makes its own with {dims}; make the database with "
                    f'`Config(embeddings="external", dimension={dims})`, or use the index "text"'
                )
        elif self.index_config == "text" and embedder.provider == "external":
            raise ConfigError(
                'the index "text" needs a database with an embedder, and callers give the vectors of this one; pass an '
                "`IndexConfig` with `dims` and `embed`, or `index=None`"
            )

    def close(self) -> None:
        """Closes the database, if the store has opened it."""
        self._opened.close()

    def __enter__(self) -> PulseStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Carries out operations: the puts among them are one commit."""
        work = self._planned(ops)
        if self.embeddings is not None:
            if work.texts:
                work.learn(work.texts, self.embeddings.embed_documents(work.texts))
            work.learn(work.queries, [self.embeddings.embed_query(query) for query in work.queries])
        return self._carried_out(work)

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """As `batch`, without holding up the event loop."""
        work = self._planned(ops)
        if self.embeddings is not None:
            if work.texts:
                work.learn(work.texts, await self.embeddings.aembed_documents(work.texts))
            work.learn(work.queries, await asyncio.gather(*map(self.embeddings.aembed_query, work.queries)))
        return await asyncio.to_thread(self._carried_out, work)

    def _planned(self, ops: Iterable[Op]) -> _Work:
        """What is to be done; of several puts under one key the last one counts."""
        work = _Work(list(ops))
        for op in work.ops:
            if isinstance(op, PutOp):
                work.puts[path_of(op.namespace, op.key)] = op
            elif isinstance(op, SearchOp) and op.query and self.embeddings is not None:
                work.queries.append(op.query)
        for path, op in work.puts.items():
            work.texts_of[path] = self._texts(op)
            work.texts.extend(work.texts_of[path])
        work.texts = list(dict.fromkeys(work.texts))
        work.queries = list(dict.fromkeys(work.queries))
        return work

    def _texts(self, op: PutOp) -> list[str]:
        """The texts of a value that are embedded."""
        if op.value is None or op.index is False or self.embeddings is None:
            return []
        fields = self._fields if op.index is None else [_tokens(path) for path in op.index]
        return [text for tokens in fields for text in get_text_at_path(op.value, tokens)]

    def _carried_out(self, work: _Work) -> list[Result]:
        results: list[Result] = []
        for op in work.ops:
            if isinstance(op, GetOp):
                results.append(self._get(op))
            elif isinstance(op, SearchOp):
                results.append(self._search(op, work.vectors.get(op.query or "")))
            elif isinstance(op, ListNamespacesOp):
                results.append(self._namespaces(op))
            elif isinstance(op, PutOp):
                results.append(None)
            else:
                raise ValueError(f"{op!r} is no operation of a store")
        if work.puts:
            self._put(work)
        return results

    # Reading.

    def _get(self, op: GetOp) -> Item | None:
        row = self._row(path_of(op.namespace, op.key))
        if row is None:
            return None
        if op.refresh_ttl:
            self._refresh([row])
        namespace, key = parted(row.key)
        created = _created(row)
        return Item(
            value=json.loads(row.content), key=key, namespace=namespace, created_at=created, updated_at=row.timestamp
        )

    def _row(self, path: str) -> Experience | None:
        """The row of a path. There is none where the path is too long to be stored."""
        try:
            return self._db.get_by_key(self._collective, path)
        except InvalidFieldError:
            return None

    def _search(self, op: SearchOp, vector: Vector | None) -> list[SearchItem]:
        wanted = Wanted(op)
        found: Iterable[tuple[Experience, float | None]]
        if op.query and vector is not None and vector.any():
            found = self._nearest(vector, wanted)
        elif op.query and self.index_config == "text" and op.query.strip():
            found = self._ranked(op.query, wanted)
        else:
            found = ((row, None) for row in self._newest(wanted))
        rows = [(row, score) for (row, score), _ in zip(found, range(wanted.count))][op.offset :]
        if op.refresh_ttl:
            self._refresh(row for row, _ in rows)
        return [_search_item(row, score) for row, score in rows]

    def _newest(self, wanted: Wanted) -> Iterator[Experience]:
        """Items that are wanted, newest first."""
        k = ROWS_MAX if wanted.filter else min(wanted.count, ROWS_MAX)
        if k == 0:
            return
        rows = self._db.recent(self._collective, k, filter=wanted.rows(ITEM))
        if len(rows) == k < ROWS_MAX and not all(is_own(row.key) for row in rows):
            # Records of others stand in the places of items.
            rows = self._db.recent(self._collective, ROWS_MAX, filter=wanted.rows(ITEM))
        if len(rows) == ROWS_MAX:
            # There may be more than one call gives.
            items = (row for row in self._rows(wanted.prefix) if ITEM in row.domain)
            rows = sorted(items, key=lambda row: (-row.timestamp.timestamp(), row.id))
        yield from filter(wanted.holds, rows)

    def _ranked(self, query: str, wanted: Wanted) -> Iterator[tuple[Experience, float]]:
        """Items that answer a text, of the best that one call gives."""
        for row, score in self._hits(query, wanted):
            if wanted.holds(row):
                yield row, score

    def _nearest(
        self, vector: Vector, wanted: Wanted
    ) -> Iterator[tuple[Experience, float]]:
        """Items with the texts that are nearest to a vector, each with its best text."""
        seen: set[str] = set()
        for text, score in chain(self._hits(vector, wanted), self._scan(vector, wanted)):
            row: Experience | None = text
            path = (text.key or "").partition("#")[0]
            if path in seen:
                continue
            if ITEM not in text.domain:
                row = self._db.get_by_key(self._collective, path)
                # The text of an item that was replaced meanwhile, or by two processes at once.
                if row is None or row.tags.get("version") != text.tags.get("version"):
                    continue
            seen.add(path)
            if row is not None and wanted.holds(row):
                yield row, score

    def _hits(self, query: Query, wanted: Wanted) -> Iterator[tuple[Experience, float]]:
        """Hits of the database, best first: first as many as are likely to do, then as many as one call gives."""
        given = 0
        for k in (min(max(wanted.count, 1) * 2, ROWS_MAX), ROWS_MAX):
            hits = self._db.search(self._collective, query, k=k, filter=wanted.rows(INDEXED), exact=True)
            yield from ((hit.experience, hit.similarity) for hit in hits[given:])
            given = len(hits)
            if given < k:
                return

    def _scan(self, vector: Vector, wanted: Wanted) -> Iterator[tuple[Experience, float]]:
        """All texts by their cosines, where a filter has refused most of what one call of the database gives."""
        rows = [row for row in self._rows(wanted.prefix) if INDEXED in row.domain]
        if len(rows) <= ROWS_MAX:
            return
        vectors = np.stack([row.embedding for row in rows])
        cosines = vectors @ vector / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vector)
        yield from ((rows[at], float(cosines[at])) for at in np.argsort(-cosines, kind="stable"))

    def _rows(self, prefix: str) -> Iterator[Experience]:
        """All rows whose keys begin so, in order."""
        after = None
        while True:
            keys = self._db.keys(self._collective, prefix, after=after, limit=ROWS_MAX)
            for key in keys:
                row = self._db.get_by_key(self._collective, key)
                if row is not None:
                    yield row
            if len(keys) < ROWS_MAX:
                return
            after = keys[-1]

    def _namespaces(self, op: ListNamespacesOp) -> list[Namespace]:
        found: set[Namespace] = set()
        after = None
        while paths := self._db.keys(self._collective, after=after, limit=1):
            if not is_own(paths[0]):
                after = paths[0]
                continue
            labels = paths[0].rpartition(":")[0]
            namespace = namespace_of(labels)
            if all(matches(condition, namespace) for condition in op.match_conditions or ()):
                found.add(namespace[: op.max_depth])
            # On after all items of this namespace: a semicolon is the character after a colon.
            after = labels + ";"
        return sorted(found)[op.offset : op.offset + op.limit]

    # Writing.

    def _put(self, work: _Work) -> None:
        for _ in range(ATTEMPTS):
            changes = [change for path, op in work.puts.items() for change in self._changes(path, op, work)]
            try:
                self._db.apply(self._collective, changes)
            except NotFoundError as error:
                gone = error
            else:
                return
        raise gone

    def _changes(self, path: str, op: PutOp, work: _Work) -> Iterator[Change]:
        """The changes of one put: the record of the item, and one for each further text that is embedded."""
        # A vector without a direction is near to nothing.
        texts = [text for text in work.texts_of[path] if work.vectors[text].any()]
        kept = {f"{path}#{number}" for number in range(1, len(texts))}
        stale = self._further(path) if self.embeddings is not None else []
        for key in [*(key for key in stale if key not in kept), *([path] if op.value is None else [])]:
            row = self._row(key)
            if row is not None:
                yield Delete(row.id)
        if op.value is None:
            return
        vectors = [work.vectors[text] for text in texts]
        ttl = op.ttl
        end = None if ttl is None else _end(ttl)
        tags = {} if ttl is None else {"ttl": repr(float(ttl))}
        if len(texts) > 1:
            tags["version"] = uuid.uuid4().hex
        content = _journal.json_of(dict(op.value))
        # What is not searched by the database's own embedder has a vector of ours, or one that says nothing.
        embedding = None
        is_indexed = op.index is not False and self.index_config is not None
        if self.embeddings is not None:
            embedding, is_indexed = (vectors[0], True) if vectors else (self._nothing(), False)
        elif not is_indexed:
            embedding = self._nothing()
        domain = [ITEM, INDEXED] if is_indexed else [ITEM]
        yield Record(NewExperience(content, key=path, embedding=embedding, domain=domain, tags=tags, expires_at=end))
        for number, (text, vector) in enumerate(zip(texts[1:], vectors[1:]), 1):
            key = f"{path}#{number}"
            yield Record(
                NewExperience(storable(text), key=key, embedding=vector, domain=[INDEXED], tags=tags, expires_at=end)
            )

    def _further(self, path: str) -> list[str]:
        """The keys of the further texts of an item."""
        try:
            return self._db.keys(self._collective, f"{path}#", limit=ROWS_MAX)
        except InvalidFieldError:
            return []

    def _nothing(self) -> Vector:
        vector = np.zeros(self._db.dimension, dtype=np.float32)
        vector[0] = 1
        return vector

    def _refresh(self, rows: Iterable[Experience]) -> None:
        """Moves the ends of items that were read."""
        for row in rows:
            ttl = row.tags.get("ttl")
            if ttl is None or row.expires_at is None:
                continue
            end = _end(float(ttl))
            if end is None or end - row.expires_at < timedelta(minutes=float(ttl)) * REFRESH_MIN:
                continue
            further = self._db.keys(self._collective, f"{row.key}#") if "version" in row.tags else []
            for one in [row, *(self._db.get_by_key(self._collective, key) for key in further)]:
                if one is not None:
                    try:
                        self._db.update(one.id, expires_at=end)
                    except NotFoundError:
                        # Another process has deleted it; that is as it would be.
                        continue


@dataclass
class _Work:
    """The operations of a batch, and what their texts are embedded to."""

    ops: list[Op]
    puts: dict[str, PutOp] = field(default_factory=dict)
    texts_of: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    vectors: dict[str, Vector] = field(default_factory=dict)

    def learn(self, texts: Sequence[str], vectors: Sequence[Sequence[float]]) -> None:
        if len(texts) != len(vectors):
            raise ValueError(f"the embedder gave {len(vectors)} vectors for {len(texts)} texts; it must give one each")
        for text, vector in zip(texts, vectors):
            self.vectors[text] = np.asarray(vector, dtype=np.float32)


def _end(ttl: float) -> datetime | None:
    """When something ends that lives for so many minutes from now; never, if no calendar reaches that far."""
    try:
        return datetime.now(timezone.utc) + timedelta(minutes=ttl)
    except OverflowError:
        return None


def _tokens(path: str) -> str | list[str]:
    return path if path == "$" else tokenize_path(path)


def _created(row: Experience) -> datetime:
    """When a row was made: its id, which it keeps when it is replaced, begins with the time."""
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=uuid.UUID(row.id).int >> 80)


def _search_item(row: Experience, score: float | None) -> SearchItem:
    namespace, key = parted(row.key)
    return SearchItem(namespace, key, json.loads(row.content), _created(row), row.timestamp, score)
