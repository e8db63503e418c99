"""The store for LangGraph against the one that LangGraph has in memory."""

import asyncio
import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.store.base import GetOp, IndexConfig, ListNamespacesOp, MatchCondition, PutOp, SearchItem, SearchOp
from langgraph.store.memory import InMemoryStore

import pulsedb
from pulsedb.langgraph import PulseStore


def embed(texts: Sequence[str]) -> list[list[float]]:
    """Counts of some letters: enough to be told apart, and the same everywhere."""
    return [[1.0 + text.count(letter) for letter in "abcdefgh"] for text in texts]


INDEX: IndexConfig = {"dims": 8, "embed": embed, "fields": ["text", "parts[*]"]}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PulseStore]:
    with PulseStore(tmp_path / "memory") as store:
        yield store


labels = st.sampled_from(["a", "b", "Ünï/çødé:#", "%41"])
namespaces = st.lists(labels, min_size=1, max_size=3).map(tuple)
keys = st.sampled_from(["k", "k1", "key/with:all#%", " space ", "é"])
values = st.fixed_dictionaries(
    # The store in memory fails where a filter compares what is missing, and where one text comes twice.
    {"text": st.text("abcdefgh ", min_size=1, max_size=12), "n": st.integers(-5, 5)},
    optional={
        "parts": st.lists(st.text("abcdefgh", min_size=1, max_size=6), max_size=3).map(
            lambda parts: [f"{part} {number}" for number, part in enumerate(parts)]
        ),
        "nested": st.fixed_dictionaries({"x": st.integers(0, 2) | st.none()}),
    },
)
filters = st.sampled_from(
    [None, {"n": 1}, {"n": {"$gte": 0}}, {"n": {"$ne": 2}}, {"nested": {"x": 1}}, {"text": {"$eq": "a"}, "n": {"$lt": 3}}]
)
conditions = st.sampled_from(
    [
        None,
        (MatchCondition("prefix", ("a",)),),
        (MatchCondition("suffix", ("*", "b")),),
        (MatchCondition("prefix", ("*",)), MatchCondition("suffix", ("a",))),
    ]
)
indexes: st.SearchStrategy[Any] = st.sampled_from([None, None, ["text"], False])
operations: st.SearchStrategy[Any] = st.one_of(
    st.tuples(namespaces, keys).map(lambda parts: GetOp(*parts)),
    st.tuples(namespaces, keys, values | st.none(), indexes).map(lambda parts: PutOp(*parts)),
    st.tuples(namespaces, keys, values, indexes).map(lambda parts: PutOp(*parts)),
    st.tuples(
        st.lists(labels, max_size=2).map(tuple), filters, st.integers(1, 6), st.just(0),
        st.sampled_from([None, "abc", "hhh"]),
    ).map(lambda parts: SearchOp(*parts)),
    st.tuples(conditions, st.sampled_from([None, 1, 2])).map(lambda parts: ListNamespacesOp(*parts)),
)


class Oracle:
    """The store in memory without what it leaves behind: namespaces without items, and vectors of replaced values."""

    def __init__(self) -> None:
        self.store = InMemoryStore(index=INDEX)

    def expected(self, op: Any) -> Any:
        """What an operation gives; for a search, all that it may give, and with which score."""
        if isinstance(op, SearchOp):
            op = op._replace(limit=1000)
        (result,) = self.store.batch([op])
        self.forget_empty()
        return result

    def put(self, ops: list[PutOp]) -> None:
        for op in ops:
            self.store._vectors[op.namespace].pop(op.key, None)
            self.store.batch([op])
        self.forget_empty()

    def forget_empty(self) -> None:
        for namespace in [name for name, items in self.store._data.items() if not items]:
            del self.store._data[namespace]


def check(op: Any, ours: Any, expected: Any) -> None:
    """Compares what both stores promise."""
    if isinstance(op, SearchOp):
        check_search(op, ours, {(item.namespace, item.key): item for item in expected})
    elif isinstance(op, GetOp) and ours is not None:
        assert (ours.namespace, ours.key, ours.value) == (expected.namespace, expected.key, expected.value)
    else:
        assert ours == expected


def check_search(op: SearchOp, ours: list[SearchItem], matching: dict[Any, SearchItem]) -> None:
    assert len({(item.namespace, item.key) for item in ours}) == len(ours)
    for item in ours:
        assert item.value == matching[item.namespace, item.key].value
    if op.query is None:
        assert len(ours) == min(op.limit, len(matching))
        assert [item.updated_at for item in ours] == sorted((item.updated_at for item in ours), reverse=True)
        return
    # Items without vectors are no answer to a query here; the store in memory fills up with them.
    scores = sorted((item.score for item in matching.values() if item.score is not None), reverse=True)
    assert [item.score for item in ours] == pytest.approx(scores[: op.limit], abs=1e-5)
    for item in ours:
        assert item.score == pytest.approx(matching[item.namespace, item.key].score, abs=1e-5)


@settings(max_examples=50, deadline=None)
@given(batches=st.lists(st.lists(operations, max_size=5), max_size=8))
def test_any_operations_give_what_the_store_in_memory_gives(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Any]]
) -> None:
    oracle = Oracle()
    config = pulsedb.Config(embeddings="external", dimension=8, sync="fast")
    with pulsedb.Database(tmp_path_factory.mktemp("store") / "memory", config) as db:
        store = PulseStore(db, index=INDEX)
        for number, ops in enumerate(batches):
            # The reads of a batch see what was there before its puts.
            expected = [None if isinstance(op, PutOp) else oracle.expected(op) for op in ops]
            oracle.put([op for op in ops if isinstance(op, PutOp)])
            ours = asyncio.run(store.abatch(ops)) if number % 2 else store.batch(ops)
            assert len(ours) == len(ops)
            for op, one, other in zip(ops, ours, expected):
                check(op, one, other)
        assert db.check().is_clean


def test_texts_are_found_without_an_index_of_ones_own(store: PulseStore) -> None:
    store.put(("users", "ada"), "food", {"text": "likes noodles with chili"})
    store.put(("users", "ada"), "work", {"text": "writes compilers"})
    store.put(("users", "ada"), "hidden", {"text": "noodles"}, index=False)
    store.put(("other",), "food", {"text": "noodles"})
    found = store.search(("users",), query="which noodles?")
    assert found[0].key == "food" and found[0].score is not None and found[0].score > 0
    assert "hidden" not in [item.key for item in found]
    assert store.search(("users",), query="noodles", filter={"text": "writes letters"}) == []


def test_without_an_index_a_query_is_ignored(tmp_path: Path) -> None:
    with PulseStore(tmp_path / "plain", index=None) as store:
        store.put(("a",), "k", {"text": "noodles"})
        (item,) = store.search(("a",), query="compilers")
        assert item.key == "k" and item.score is None


def test_an_item_keeps_when_it_was_made_and_newest_come_first(store: PulseStore) -> None:
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    for key in ("first", "second"):
        store.put(("a",), key, {"n": 1})
    made = store.get(("a",), "first")
    assert made is not None
    store.put(("a",), "first", {"n": 2})
    again = store.get(("a",), "first")
    assert again is not None and again.value == {"n": 2}
    assert before < made.created_at == again.created_at <= made.updated_at <= again.updated_at
    assert {item.key for item in store.search(("a",))} == {"first", "second"}
    store.delete(("a",), "first")
    store.delete(("a",), "first")
    assert store.get(("a",), "first") is None


def test_more_items_than_one_call_gives_are_all_found(tmp_path: Path) -> None:
    config = pulsedb.Config(embeddings="external", dimension=8, sync="fast")
    with pulsedb.Database(tmp_path / "many", config) as db:
        store = PulseStore(db, index=INDEX)
        store.batch([PutOp(("a",), f"{number:04}", {"text": "a", "n": number}) for number in range(1500)])
        store.put(("b",), "k", {"text": "b"})
        store.put(("a",), "0003", {"text": "hhhh", "n": -1})
        for query in (None, "aaaa"):
            (found,) = store.search(("a",), filter={"n": -1}, query=query)
            assert found.key == "0003"
        assert len(store.search(("a",), limit=2000)) == 1500
        assert len({item.key for at in range(0, 1500, 500) for item in store.search(("a",), limit=500, offset=at)}) == 1500
        assert store.list_namespaces() == [("a",), ("b",)]


def test_what_has_expired_is_gone_and_reading_puts_the_end_off(tmp_path: Path) -> None:
    with PulseStore(tmp_path / "ttl", index=INDEX, ttl={"default_ttl": 60, "refresh_on_read": True}) as store:
        store.put(("a",), "kept", {"text": "a"})
        store.put(("a",), "gone", {"text": "a", "parts": ["b", "c"]}, ttl=1e-9)
        store.put(("a",), "for ever", {"text": "a"}, ttl=None)
        assert {item.key for item in store.search(("a",), query="a")} == {"kept", "for ever"}
        assert store.get(("a",), "gone") is None
        row = store._db.get_by_key(store._collective, "a/:kept")
        assert row is not None and row.expires_at is not None
        assert timedelta(minutes=59) < row.expires_at - datetime.now(timezone.utc) <= timedelta(minutes=60)
        early = datetime.now(timezone.utc) + timedelta(minutes=1)
        for refreshed in (False, True):
            store._db.update(row.id, expires_at=early)
            store.get(("a",), "kept", refresh_ttl=refreshed)
            again = store._db.get(row.id)
            assert again is not None and again.expires_at is not None
            assert (again.expires_at > early + timedelta(minutes=30)) is refreshed


def test_a_batch_is_one_commit_or_nothing(store: PulseStore) -> None:
    watch = store._db.watch(store._collective)
    with pytest.raises(pulsedb.ContentTooLargeError):
        store.batch([PutOp(("a",), "k", {"n": 1}), PutOp(("a",), "large", {"text": "x" * 200_000})])
    assert store.get(("a",), "k") is None and watch.get(0) is None
    with pytest.raises(TypeError, match="not JSON serializable"):
        store.put(("a",), "k", {"n": object()})
    results = store.batch([PutOp(("a",), "k", {"n": 1}), GetOp(("a",), "k"), PutOp(("a",), "k", {"n": 2})])
    assert results == [None, None, None]
    item = store.get(("a",), "k")
    assert item is not None and item.value == {"n": 2}
    assert [event.type for event in (watch.get(5),) if event] == ["created"] and watch.get(0) is None


def put_many(path: str, writer: int) -> None:
    with PulseStore(path) as store:
        for number in range(20):
            store.batch([PutOp(("own", str(writer)), str(number), {"n": number}), PutOp(("shared",), "k", {"n": writer})])
            store.batch([PutOp(("shared",), "k", None)])


def test_threads_and_processes_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "memory")
    processes = [multiprocessing.get_context("spawn").Process(target=put_many, args=(path, at)) for at in range(2)]
    threads = [threading.Thread(target=put_many, args=(path, at)) for at in range(2, 4)]
    workers: list[Any] = [*processes, *threads]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    with PulseStore(path) as store:
        assert store.list_namespaces() == [("own", str(writer)) for writer in range(4)]
        assert len(store.search(("own",), limit=1000)) == 80


def test_records_of_others_in_the_collective_are_no_items(tmp_path: Path) -> None:
    with pulsedb.Database(tmp_path / "memory") as db:
        store = PulseStore(db, collective="s")
        store.put(("a",), "k", {"text": "an item"})
        collective = db.collective("s")
        for key in ("note", "zz", "x:y:z", None):
            db.record("no JSON", collective=collective, key=key, domain=["item", "indexed"])
        reads = 0

        class Counted:
            def keys(self, *arguments: Any, **named: Any) -> list[str]:
                nonlocal reads
                reads += 1
                assert reads < 20, "the listing does not end"
                return db.keys(*arguments, **named)

        store._db = Counted()  # type: ignore[assignment]
        assert store.list_namespaces() == [("a",)]
        store._db = db
        assert [item.key for item in store.search((), limit=1)] == ["k"]
        assert [item.key for item in store.search((), query="JSON item", limit=10)] == ["k"]


@pytest.mark.parametrize(
    ("config", "index", "remedy"),
    [
        (pulsedb.Config(), INDEX, 'Config(embeddings="external", dimension=8)'),
        (pulsedb.Config(), {**INDEX, "dims": 256}, 'Config(embeddings="external", dimension=256)'),
        (pulsedb.Config(embeddings="external", dimension=4), INDEX, "with 4 dimensions"),
        (pulsedb.Config(embeddings="external", dimension=8), "text", "`IndexConfig` with `dims` and `embed`"),
        (pulsedb.Config(), {"embed": embed}, "`index` has no `dims`"),
    ],
)
def test_a_database_with_other_vectors_is_refused_at_once(
    tmp_path: Path, config: pulsedb.Config, index: Any, remedy: str
) -> None:
    with pulsedb.Database(tmp_path / "memory", config) as db:
        with pytest.raises(pulsedb.ConfigError) as refused:
            PulseStore(db, index=index)
        assert remedy in str(refused.value)
        assert db.collectives() == []
    with pytest.raises(pulsedb.Error):
        PulseStore(tmp_path / "memory", index=index)
    # What was opened for nothing is closed again.
    assert pulsedb.Database.writers(tmp_path / "memory") == []


def test_keys_of_any_characters_come_back_and_long_ones_are_not_there(store: PulseStore) -> None:
    keys = ["記" * 120, "half \ud800", "e\u0301", "é", " space ", "a/b:c#d%41;e", ""]
    for number, key in enumerate(keys):
        store.put(("名前空間",), key, {"n": number})
        store.put(("labels", key[:40] or "empty"), "k", {"n": number})
    for number, key in enumerate(keys):
        item = store.get(("名前空間",), key)
        assert item is not None and (item.key, item.value) == (key, {"n": number})
    assert {labels[1] for labels in store.list_namespaces(prefix=("labels",))} == {key[:40] or "empty" for key in keys}
    assert {item.key for item in store.search(("名前空間",), limit=100)} == set(keys)
    assert store.get(("a",), "x" * 500) is None
    store.delete(("a",), "x" * 500)
    with pytest.raises(pulsedb.InvalidFieldError):
        store.put(("a",), "x" * 500, {})


def test_values_with_empty_texts_surrogates_and_vectors_without_direction_are_kept(tmp_path: Path) -> None:
    def counted(texts: Sequence[str]) -> list[list[float]]:
        return [[float(text.count(letter)) for letter in "ab"] for text in texts]

    values: list[dict[str, Any]] = [{"t": ["a", ""]}, {"t": ["", ""]}, {"t": ["a \ud800", "b \ud800"]}, {"t": ["zz"]}]
    with PulseStore(tmp_path / "memory", index={"dims": 2, "embed": counted, "fields": ["t[*]"]}) as store:
        for number, value in enumerate(values):
            store.put(("a",), str(number), value)
            item = store.get(("a",), str(number))
            assert item is not None and item.value == value
        best = store.search(("a",), query="b")[0]
        assert best.key == "2" and best.score == pytest.approx(1)
        assert {item.key for item in store.search(("a",), query="b")} == {"0", "2"}
        assert len(store.search(("a",), query="zz")) == 4
    with PulseStore(tmp_path / "text") as store:
        store.put(("a",), "k", {"t": "noodles \ud800"})
        assert store.search(("a",), query="noodles")[0].value == {"t": "noodles \ud800"}
