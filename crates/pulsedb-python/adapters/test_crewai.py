"""The storage for CrewAI, beside the one in LanceDB and below CrewAI's own memory."""

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crewai.memory.storage.backend import EmbeddingDimensionMismatchError, StorageBackend
from crewai.memory.storage.lancedb_storage import LanceDBStorage
from crewai.memory.types import MemoryRecord
from crewai.memory.unified_memory import Memory
from hypothesis import given, settings
from hypothesis import strategies as st

import pulsedb
from pulsedb.crewai import PulseStorage

START = datetime(2026, 1, 1)


def record(number: int, vector: list[float] | None = None, **parts: Any) -> MemoryRecord:
    made = {"id": f"r{number}", "content": f"note {number}", "created_at": START + timedelta(hours=number), **parts}
    return MemoryRecord(embedding=vector or [1.0, float(number), 0.0, 0.0], **made)


def fields(found: MemoryRecord | None) -> dict[str, Any]:
    assert found is not None
    return found.model_dump()


def test_a_record_comes_back_with_every_part_and_is_replaced_by_its_id(tmp_path: Path) -> None:
    storage = PulseStorage(tmp_path / "memory", dimension=4)
    assert isinstance(storage, StorageBackend)
    first = record(1, scope="/crew/ada", categories=["food", " odd "], metadata={"n": 1, "deep": {"a": [None, "é \ud800"]}},
                   importance=0.7, source="ada", private=True, last_accessed=START)
    storage.save([first, record(2)])
    assert fields(storage.get_record("r1")) == fields(first)
    assert storage.get_record("r3") is None
    storage.update(first.model_copy(update={"content": "changed"}))
    found = storage.get_record("r1")
    assert found is not None and found.content == "changed" and storage.count() == 2
    storage.touch_records(["no such id"])
    storage.touch_records(["r1", "no such id"])
    touched = storage.get_record("r1")
    assert touched is not None and touched.last_accessed > START and touched.last_accessed.tzinfo is None
    assert touched.embedding == pytest.approx([1, 1, 0, 0])
    storage.close()


def test_records_of_a_scope_are_found_counted_and_deleted_by_conditions(tmp_path: Path) -> None:
    storage = PulseStorage(tmp_path / "memory", dimension=4)
    storage.save(
        [record(number, scope=f"/a/{number % 3}", categories=["even" if number % 2 == 0 else "odd"], metadata={"n": number})
         for number in range(30)]
        + [record(30, scope="/ab")]
    )
    assert storage.count("/a") == 30 and storage.count("a/1/") == 10 and storage.count() == 31
    assert storage.list_scopes("/") == ["/a", "/ab"] and storage.list_scopes("/a") == ["/a/0", "/a/1", "/a/2"]
    assert storage.list_categories("/a") == {"even": 15, "odd": 15}
    info = storage.get_scope_info("/a/")
    assert (info.path, info.record_count, info.categories) == ("/a", 30, ["even", "odd"])
    assert (info.oldest_record, info.newest_record) == (START, START + timedelta(hours=29))
    assert [one.id for one in storage.list_records("/a", limit=2, offset=1)] == ["r28", "r27"]
    found = storage.search([1, 20, 0, 0], "/a/1", ["odd"], {"n": 7}, limit=5)
    assert [one.id for one, _ in found] == ["r7"] and 0.9 < found[0][1] <= 1
    assert storage.search([-1.0, -1, 0, 0], limit=1)[0][1] == 0 and storage.search([1.0, 1, 0, 0], min_score=1.1) == []
    assert storage.delete(record_ids=[]) == 0
    assert storage.delete(record_ids=["r1", "r2"], categories=["odd"]) == 1
    assert storage.delete("/a", older_than=(START + timedelta(hours=10)).replace(tzinfo=timezone.utc)) == 9
    storage.reset("/a")
    assert [one.id for one in storage.list_records()] == ["r30"]
    storage.close()


def test_more_records_than_one_call_gives_are_all_there(tmp_path: Path) -> None:
    config = pulsedb.Config(embeddings="external", dimension=4, sync="fast")
    with pulsedb.Database(tmp_path / "memory", config) as db:
        storage = PulseStorage(db)
        storage.save([record(number, scope="/a") for number in range(2500)])
        db.record("another's", collective=db.collective("crewai"), embedding=[1, 0, 0, 0])
        assert storage.count() == 2500
        assert [one.id for one in storage.list_records(limit=2, offset=2000)] == ["r499", "r498"]
        assert storage.delete("/a") == 2500 and storage.count() == 0


def test_vectors_of_another_embedder_are_refused_and_none_is_no_answer(tmp_path: Path) -> None:
    storage = PulseStorage(tmp_path / "memory", dimension=4)
    with pytest.raises(EmbeddingDimensionMismatchError):
        storage.save([record(1, [1.0, 2.0])])
    with pytest.raises(EmbeddingDimensionMismatchError):
        storage.search([1.0, 2.0])
    storage.save([MemoryRecord(id="none", content="without a vector"), record(1)])
    assert [one.id for one, _ in storage.search([1.0, 0, 0, 0])] == ["r1"] and storage.search([0.0] * 4) == []
    found = storage.get_record("none")
    assert found is not None and found.embedding is None
    storage.close()
    with pulsedb.Database(tmp_path / "builtin") as db, pytest.raises(pulsedb.ConfigError, match="external"):
        PulseStorage(db)


def test_the_memory_of_crewai_remembers_recalls_and_forgets(tmp_path: Path) -> None:
    def embed(texts: list[str]) -> list[list[float]]:
        return [[1.0 + text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]

    storage = PulseStorage(tmp_path / "memory", dimension=26)
    memory = Memory(storage=storage, embedder=embed, llm="gpt-4o-mini", consolidation_threshold=1.0)
    parts: dict[str, Any] = {"categories": ["build"], "importance": 0.9, "metadata": {"by": "ada"}}
    made = memory.remember("zebras zip past zoos", scope="/crew", **parts)
    memory.remember("the cache is cold", scope="/crew", **parts)
    (best, *_) = memory.recall("zzz", scope="/crew", depth="shallow")
    assert made is not None and best.record.id == made.id and best.record.metadata == {"by": "ada"}
    changed = memory.update(made.id, content="zebras sleep")
    assert changed.content == "zebras sleep" and memory.info("/crew").record_count == 2
    assert memory.forget(record_ids=[made.id]) == 1
    memory.reset()
    assert storage.count() == 0
    memory.close()


def test_the_asynchronous_calls_do_the_same(tmp_path: Path) -> None:
    async def used() -> None:
        storage = PulseStorage(tmp_path / "memory", dimension=4)
        await storage.asave([record(1)])
        assert [one.id for one, _ in await storage.asearch([1.0, 1, 0, 0])] == ["r1"]
        assert await storage.adelete(record_ids=["r1"]) == 1
        storage.close()

    asyncio.run(used())


scopes = st.sampled_from(["/", "/a", "/a/b", "/a/c", "/d/e/f"])
batches = st.lists(st.tuples(scopes, st.lists(st.sampled_from(["x", "y"]), unique=True)), max_size=8)


@settings(max_examples=15, deadline=None)
@given(batches=batches, scope=scopes, angle=st.floats(0, 6))
def test_any_records_give_what_the_storage_in_lancedb_gives(
    tmp_path_factory: pytest.TempPathFactory, batches: list[tuple[str, list[str]]], scope: str, angle: float
) -> None:
    place = tmp_path_factory.mktemp("storage")
    theirs = LanceDBStorage(place / "lance", vector_dim=4, compact_every=0)
    config = pulsedb.Config(embeddings="external", dimension=4, sync="fast")
    with pulsedb.Database(place / "memory", config) as db:
        ours = PulseStorage(db)
        records = [
            record(number, [float(np.cos(number)), float(np.sin(number)), 0.0, 0.0], scope=where, categories=categories)
            for number, (where, categories) in enumerate(batches)
        ]
        for one in records:
            ours.save([one])
            theirs.save([one])
        assert ours.count(scope) == theirs.count(scope)
        assert ours.list_scopes(scope) == theirs.list_scopes(scope)
        assert ours.list_categories(scope) == theirs.list_categories(scope)
        assert ours.get_scope_info(scope) == theirs.get_scope_info(scope)
        assert [one.id for one in ours.list_records(scope)] == [one.id for one in theirs.list_records(scope)]
        query = [float(np.cos(angle)), float(np.sin(angle)), 0.0, 0.0]
        assert {one.id for one, _ in ours.search(query, scope)} == {one.id for one, _ in theirs.search(query, scope)}
