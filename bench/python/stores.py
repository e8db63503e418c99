"""The store for LangGraph beside others: the same texts and vectors, on one machine.

    pip install langgraph-checkpoint-sqlite chromadb mem0ai
    python bench/python/stores.py [ITEMS]

The embedder is a stub, so that only the stores are measured. What is not installed is left out. Every store but the one in
memory is on a disk, and keeps what a call has acknowledged as its defaults say.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from zlib import crc32

import numpy as np
from langgraph.store.base import BaseStore, IndexConfig
from langgraph.store.memory import InMemoryStore

from pulsedb.langgraph import PulseStore

DIMENSION, QUERIES = 128, 100
WORDS = "the build cache deploy fails slow test index vector agent memory token release branch merge lock disk page log note".split()


def text_of(number: int) -> str:
    """A text of twenty words that follows from a number."""
    random = np.random.default_rng(number)
    return " ".join(random.choice(WORDS, 20)) + f" {number}"


def embed(texts: Sequence[str]) -> list[list[float]]:
    """Vectors that follow from texts."""
    rows = [np.random.default_rng(crc32(text.encode())).normal(size=DIMENSION) for text in texts]
    return [row.tolist() for row in rows]


INDEX: IndexConfig = {"dims": DIMENSION, "embed": embed, "fields": ["text"]}


@contextmanager
def pulse(place: str, index: Any = INDEX) -> Iterator[BaseStore]:
    """The store of PulseDB."""
    with PulseStore(f"{place}/pulse", index=index) as store:
        yield store


@contextmanager
def sqlite(place: str) -> Iterator[BaseStore]:
    """LangGraph's store in SQLite."""
    from langgraph.store.sqlite import SqliteStore

    with SqliteStore.from_conn_string(f"{place}/store.sqlite", index=INDEX) as store:
        store.setup()
        yield store


class Chroma:
    """A collection of chromadb as a store."""

    def __init__(self, place: str) -> None:
        import chromadb

        client = chromadb.PersistentClient(path=f"{place}/chroma")
        self.collection = client.create_collection("items", metadata={"hnsw:space": "cosine"})

    def put(self, namespace: tuple[str, ...], key: str, value: dict[str, Any]) -> None:
        self.collection.add(ids=[key], embeddings=embed([value["text"]]), documents=[value["text"]])  # type: ignore[arg-type]

    def get(self, namespace: tuple[str, ...], key: str) -> Any:
        return self.collection.get(ids=[key])

    def search(self, namespace: tuple[str, ...], *, query: str) -> Any:
        return self.collection.query(query_embeddings=embed([query]), n_results=10)["ids"]  # type: ignore[arg-type]


class Mem0:
    """A memory of mem0 with its default vector store, a local Qdrant, as a store: without a language model."""

    def __init__(self, place: str) -> None:
        os.environ.update(MEM0_DIR=f"{place}/mem0", MEM0_TELEMETRY="false")
        from mem0 import Memory

        stub = {"provider": "openai", "config": {"api_key": "no service is asked"}}
        vectors = {"path": f"{place}/qdrant", "on_disk": True, "embedding_model_dims": DIMENSION}
        self.memory = Memory.from_config(
            {
                "vector_store": {"provider": "qdrant", "config": vectors},
                "llm": stub,
                "embedder": stub,
                "history_db_path": f"{place}/history.db",
            }
        )
        self.memory.embedding_model = Stub()
        self.ids: dict[str, str] = {}

    def put(self, namespace: tuple[str, ...], key: str, value: dict[str, Any]) -> None:
        made = self.memory.add(value["text"], user_id=namespace[0], infer=False)
        self.ids[key] = made["results"][0]["id"]

    def get(self, namespace: tuple[str, ...], key: str) -> Any:
        return self.memory.get(self.ids[key])

    def search(self, namespace: tuple[str, ...], *, query: str) -> Any:
        return self.memory.search(query, filters={"user_id": namespace[0]}, top_k=10)["results"]


class Stub:
    """An embedder of mem0."""

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:
        return embed([text])[0]

    def embed_batch(self, texts: list[str], memory_action: str | None = None) -> list[list[float]]:
        return embed(texts)


def figure(number: float) -> str:
    """Three digits, without an exponent."""
    return f"{float(f'{number:.3g}'):g}"


def timed(call: Callable[[int], object], calls: int) -> float:
    """The median of calls, in microseconds."""
    times = []
    for number in range(calls):
        start = time.perf_counter()
        call(number)
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def measured(store: Any, items: int) -> tuple[float, float, float]:
    """A put, a get and a search by a query."""
    place = ("bench",)
    put = timed(lambda number: store.put(place, str(number), {"text": text_of(number)}), items)
    get = timed(lambda number: store.get(place, str(number * 7 % items)), QUERIES)
    assert store.get(place, "1")
    search = timed(lambda number: store.search(place, query=text_of(number)), QUERIES)
    assert store.search(place, query=text_of(1))
    return put, get, search


def main() -> None:
    """Prints a table."""
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    stub = timed(lambda number: embed([text_of(number)]), QUERIES)
    print(f"{items} items of 20 words, {DIMENSION} dimensions; the texts and the stub embedder take {figure(stub)} us of put and search\n")
    print("| store | put, us | get, us | search, us |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        stores: list[tuple[str, Callable[[], Any]]] = [
            ("PulseStore, given vectors", lambda: stack.enter_context(pulse(place))),
            ("PulseStore, its own text index", lambda: stack.enter_context(pulse(f"{place}/text", "text"))),
            ("InMemoryStore", lambda: InMemoryStore(index=INDEX)),
            ("SqliteStore", lambda: stack.enter_context(sqlite(place))),
            ("chromadb", lambda: Chroma(place)),
            ("mem0, infer=False", lambda: Mem0(place)),
        ]
        for name, make in stores:
            try:
                store = make()
            except (ImportError, AttributeError) as missing:
                # The second: a Python whose sqlite3 loads no extensions.
                print(f"| {name} | {missing} | | |")
                continue
            put, get, search = measured(store, items)
            print(f"| {name} | {figure(put)} | {figure(get)} | {figure(search)} |")


if __name__ == "__main__":
    main()
