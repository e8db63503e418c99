"""Recording, reading, changing and listing."""

import copy
import dataclasses
import gc
import pickle
import traceback
import uuid
import weakref
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pulsedb
from pulsedb import Archive, Config, Database, Delete, Experience, Fact, NewExperience, Record, Relate, Update

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def test_what_is_recorded_comes_back_with_every_part(db: Database, project: str) -> None:
    id = db.record(
        "Use the vendored OpenSSL",
        collective=project,
        type=Fact("vendored is needed", "the build log"),
        importance=0.75,
        confidence=0.25,
        domain=["build", "tls"],
        tags={"branch": "main"},
        files=["Cargo.toml"],
        agent="builder",
        task="release",
        timestamp=NOON,
        key="openssl",
        expires_at=NOON + timedelta(days=36500),
    )
    found = db.get(id)
    assert found is not None
    assert found == db.get_by_key(project, "openssl") == db.get(uuid.UUID(id))
    assert (found.id, found.collective, found.content) == (id, project, "Use the vendored OpenSSL")
    assert found.type == Fact("vendored is needed", "the build log")
    assert (found.importance, found.confidence, found.applications) == (0.75, 0.25, 0)
    assert (found.domain, found.tags, found.files) == (["build", "tls"], {"branch": "main"}, ["Cargo.toml"])
    assert (found.agent, found.task, found.key) == ("builder", "release", "openssl")
    assert (found.timestamp, found.expires_at) == (NOON, NOON + timedelta(days=36500))
    assert found.updated_at.tzinfo is timezone.utc
    assert not found.archived and not found.superseded
    assert found.sequence == db.sequence
    assert found.embedding.dtype == np.float32 and found.embedding.shape == (db.dimension,)
    np.testing.assert_array_equal(found.embedding, db.embed("Use the vendored OpenSSL"))


def test_an_experience_is_a_dataclass_that_can_be_hashed_copied_and_pickled(db: Database, project: str) -> None:
    id = db.record("a note", collective=project, type=pulsedb.Solution("restart it", True))
    note = db.get(id)
    assert note is not None
    hit = db.search(project, "a note", explain=True)[0]
    for value in (note, hit):
        assert pickle.loads(pickle.dumps(value)) == value == copy.copy(value) == copy.deepcopy(value)
        assert hash(copy.copy(value)) == hash(value)
    assert dataclasses.is_dataclass(note)
    assert dataclasses.asdict(note)["content"] == "a note"
    changed = dataclasses.replace(note, content="another")
    assert changed.content == "another" and changed != note and changed.id == note.id
    match note:
        case Experience(id=found, content="a note"):
            assert found == id
        case _:
            pytest.fail("it does not match")
    assert repr(note).startswith(f"Experience(id='{id}'")


def test_updates_change_what_they_name_and_terms_can_be_taken_away(db: Database, project: str) -> None:
    id = db.record("old", collective=project, key="k", expires_at=NOON + timedelta(days=36500), domain=["a"])
    db.update(id, content="new", importance=1)
    changed = db.get(id)
    assert changed is not None
    assert (changed.content, changed.importance, changed.key, changed.domain) == ("new", 1.0, "k", ["a"])
    db.update(id, key=None, expires_at=None, domain=[], tags={"x": "y"})
    changed = db.get(id)
    assert changed is not None
    assert (changed.key, changed.expires_at, changed.domain, changed.tags) == (None, None, [], {"x": "y"})
    changes: Any = {"colour": "red"}
    with pytest.raises(TypeError, match="`colour` cannot be updated"):
        db.update(id, **changes)


def test_batches_are_all_or_nothing(db: Database, project: str) -> None:
    new = [NewExperience(f"note {number}", collective=project) for number in range(5)]
    ids = db.record_many(new)
    assert [row.id for row in db.experiences(project)] == ids == sorted(ids)
    before = db.sequence
    with pytest.raises(pulsedb.RequiredFieldError) as refused:
        db.record_many([*new, NewExperience("", collective=project)])
    assert refused.value.field == "content"
    with pytest.raises(pulsedb.ExperienceNotFoundError):
        db.delete_many([ids[0], str(uuid.uuid4())])
    assert db.sequence == before
    db.update_many(Update(id, importance=0.25) for id in ids)
    db.archive_many(ids[:2])
    db.unarchive(ids[1])
    db.delete_many(ids[3:])
    rows = db.experiences(project)
    assert [(row.importance, row.archived) for row in rows] == [(0.25, True), (0.25, False), (0.25, False)]
    assert [row.id for row in db.experiences(project, after=ids[0], limit=1)] == [ids[1]]
    assert [row.id for row in db.experiences(project, offset=2)] == [ids[2]]
    assert db.record_many([]) == []
    assert len(db.record_many(["a text alone", "goes to the default collective"])) == 2


def test_apply_makes_changes_of_several_kinds_in_one_commit(db: Database, project: str) -> None:
    draft, note = db.record("a draft", collective=project), db.record("a note", collective=project)
    made = db.apply(
        project,
        [Record("the text"), Record(NewExperience("keyed", key="k")), Update(note, content="better"), Archive(note),
         Relate(note, draft, "elaborates", metadata="m")],
    )
    assert [what for what, _ in made] == ["recorded", "recorded", "updated", "archived", "related"]
    relation = db.get_relation(made[4][1])
    assert relation is not None and (relation.source, relation.type, relation.metadata) == (note, "elaborates", "m")
    before = db.sequence
    with pytest.raises(pulsedb.NotFoundError):
        db.apply(project, [Delete(draft), Delete(str(uuid.uuid4()))])
    assert db.sequence == before and db.get(draft) is not None


def test_keys_duplicates_energy_and_reinforcing(db: Database, project: str) -> None:
    for key in ("b/1", "a/2", "a/1"):
        db.record(key, collective=project, key=key)
    assert db.keys(project) == ["a/1", "a/2", "b/1"]
    assert db.keys(project, "a/") == ["a/1", "a/2"]
    assert db.keys(project, after="a/1", limit=1) == ["a/2"]
    first = db.record("same", collective=project)
    assert db.record("same", collective=project, duplicate="reinforce") == first
    with pytest.raises(pulsedb.InvalidFieldError):
        db.record("same", collective=project, duplicate="refuse")
    assert db.reinforce(first) == 2
    found = db.get(first)
    assert found is not None
    expected = pulsedb.energy(found.importance, found.applications, found.last_reinforced, datetime.now(timezone.utc))
    assert db.energy(first) == pytest.approx(expected, abs=1e-3)
    assert first not in [id for id, _ in db.cold(project, expected - 0.01)]
    db.record("a day ahead", collective=project, timestamp=datetime.now(timezone.utc) + timedelta(days=1))
    newest = db.recent(project, 3)
    assert newest[0].content == "a day ahead" and newest[1].timestamp >= newest[2].timestamp


def test_what_is_restored_is_as_it_was(db: Database, project: str, tmp_path: Path) -> None:
    source = db.record("a source", collective=project, key="k")
    other = db.record("another", collective=project)
    db.relate(source, other, "supports", strength=0.25)
    db.store_insight("sources agree", [source, other], collective=project, type="synthesis", domain=["d"])
    db.archive(other)
    rows, relations, insights = db.experiences(project), db.relations(project), db.insights(project)
    with Database(tmp_path / "copy") as copied:
        target = copied.collective("project")
        copied.restore(dataclasses.replace(row, collective=target) for row in rows)
        copied.restore_relations(relations)
        copied.restore_insights([dataclasses.replace(insight, collective=target) for insight in insights])
        again = copied.experiences(target)
        parts = [{**dataclasses.asdict(row), "sequence": 0, "collective": "", "embedding": row.embedding.tobytes()} for row in rows]
        assert parts == [
            {**dataclasses.asdict(row), "sequence": 0, "collective": "", "embedding": row.embedding.tobytes()}
            for row in again
        ]
        assert copied.relations(target) == relations
        assert [insight.content for insight in copied.insights(target)] == ["sources agree"]
        assert copied.check().is_clean


def test_collectives(db: Database, project: str) -> None:
    assert db.collective("project") == project
    owned = db.create_collective("owned", owner="me")
    assert [row.id for row in db.collectives(owner="me")] == [owned]
    db.rename_collective(owned, "renamed")
    row = db.get_collective(owned)
    assert row is not None and (row.name, row.owner, row.dimension) == ("renamed", "me", 256)
    db.record("a note", collective=owned, timestamp=NOON)
    stats = db.collective_stats(owned)
    assert (stats.experiences, stats.oldest, stats.newest) == (1, NOON, NOON)
    db.delete_collective(owned)
    assert db.get_collective(owned) is None
    with pytest.raises(pulsedb.CollectiveNotFoundError) as missing:
        db.collective_stats(owned)
    assert missing.value.id == owned


def test_relations_and_history(db: Database, project: str) -> None:
    old = db.record("the port is 80", collective=project)
    new = db.supersede(old, "the port is 443")
    assert [row.id for row in db.history(new)] == [old, new]
    assert [hit.experience.id for hit in db.search(project, "which port")] == [new]
    ((target, relation),) = db.related(new, "outgoing", "supersedes")
    assert target.id == old and target.superseded and relation.type == "supersedes"
    db.delete_relation(relation.id)
    assert db.related(new) == []


def test_insights_and_agents(db: Database, project: str) -> None:
    source = db.record("the cache is cold after a deploy", collective=project)
    id = db.store_insight("deploys make the first requests slow", [source], collective=project, confidence=0.75)
    ((found, score),) = db.search_insights(project, "slow requests", types=["pattern"])
    assert found.id == id and score > 0 and found.sources == [source]
    assert [row.id for row in db.insights_of(source)] == [id]
    assert db.search_insights(project, "slow requests", min_confidence=0.8) == []
    db.delete_insight(id)
    assert db.get_insight(id) is None
    db.register_activity(project, "builder", task="make it pass", summary="two tests left")
    db.heartbeat(project, "builder")
    (agent,) = db.active_agents(project)
    assert (agent.agent, agent.task, agent.summary, agent.collective) == (
        "builder", "make it pass", "two tests left", project,
    )
    db.end_activity(project, "builder")
    with pytest.raises(pulsedb.ActivityNotFoundError) as missing:
        db.heartbeat(project, "builder")
    assert (missing.value.id, missing.value.collective) == ("builder", project)


def test_upkeep(db: Database, project: str, directory: Path, tmp_path: Path) -> None:
    db.record_many(NewExperience(f"note {number}", collective=project) for number in range(300))
    stats = db.stats()
    assert stats.sequence == db.sequence and stats.embedder.provider == "builtin"
    assert [(row.name, row.experiences) for row in stats.collectives] == [("project", 300)]
    assert len(Database.writers(directory)) == 1
    report = db.check()
    assert report.is_clean and (report.experiences, report.vectors) == (300, 300)
    backup = db.backup(tmp_path / "backup")
    assert backup.path == tmp_path / "backup" and backup.sequence == db.sequence
    compacted = db.compact()
    assert 0 < compacted.bytes_after <= compacted.bytes_before
    with Database(backup.path, Config(read_only=True)) as copy:
        assert copy.read_only and len(copy.experiences(project, limit=1000)) == 300
        with pytest.raises(pulsedb.ReadOnlyError):
            copy.record("no")
    db.close()
    assert db.closed
    with pytest.raises(pulsedb.ClosedError):
        db.get(project)
    assert Database.repair(directory).is_clean


class Counter:
    """An embedder of two dimensions."""

    provider = "counter"
    model = "1"
    dimension = 2

    def __init__(self) -> None:
        self.texts = 0

    def embed(self, texts: list[str]) -> pulsedb._records.Array:
        self.texts += len(texts)
        return np.array([[1.0, len(text)] for text in texts], dtype=np.float32)


def test_an_embedder_of_ones_own_makes_the_vectors(tmp_path: Path) -> None:
    counter = Counter()
    with Database(tmp_path / "own", embedder=counter) as db:
        id = db.record("four")
        found = db.get(id)
        assert found is not None
        np.testing.assert_allclose(found.embedding, np.array([1, 4], dtype=np.float32))
        assert counter.texts == 1 and db.dimension == 2
    with pytest.raises(pulsedb.EmbeddingProviderMismatchError) as mismatch, Database(tmp_path / "own") as db:
        db.record("with another one")
    assert mismatch.value.stored.provider == "counter"


def test_moving_to_another_embedder_tells_how_far_it_is(db: Database, project: str) -> None:
    db.record_many(NewExperience(f"note {number}", collective=project) for number in range(20))
    told: list[tuple[int, int]] = []
    db.reembed(Counter(), lambda done, total: told.append((done, total)))
    assert db.dimension == 2 and told[-1] == (20, 20)


class Failing(Counter):
    def embed(self, texts: list[str]) -> pulsedb._records.Array:
        raise RuntimeError("the model is gone")


def test_an_embedder_that_raises_is_an_embedding_error(tmp_path: Path) -> None:
    with Database(tmp_path / "own", embedder=Failing()) as db:
        with pytest.raises(pulsedb.EmbeddingError, match="the model is gone"):
            db.record("a note")
        assert db.sequence == 0


def test_what_an_embedder_raises_is_the_cause(tmp_path: Path) -> None:
    with Database(tmp_path / "own", embedder=Failing()) as db:
        for call in (lambda: db.record("a note"), lambda: db.search(db.collective("c"), "a note")):
            with pytest.raises(pulsedb.EmbeddingError) as failed:
                call()
            assert isinstance(failed.value.__cause__, RuntimeError)
            assert "embed" in [frame.name for frame in traceback.extract_tb(failed.value.__cause__.__traceback__)]


class Interrupted(Counter):
    def embed(self, texts: list[str]) -> pulsedb._records.Array:
        raise KeyboardInterrupt


class Exiting(Counter):
    def embed(self, texts: list[str]) -> pulsedb._records.Array:
        raise SystemExit(3)


@pytest.mark.parametrize(("embedder", "raised"), [(Interrupted(), KeyboardInterrupt), (Exiting(), SystemExit)])
def test_an_interrupt_inside_of_an_embedder_stays_one(
    tmp_path: Path, embedder: Counter, raised: type[BaseException]
) -> None:
    with Database(tmp_path / "own", embedder=embedder) as db:
        collective = db.collective("c")
        for call in (
            lambda: db.record("a note"),
            lambda: db.record_many(["a note"]),
            lambda: db.search(collective, "a note"),
            lambda: db.context(collective, "a note"),
            lambda: db.embed("a note"),
        ):
            with pytest.raises(raised):
                call()
        assert db.experiences(collective) == []


def test_an_embedder_that_knows_its_database_goes_with_it(tmp_path: Path) -> None:
    class Knowing(Counter):
        db: Database

    embedder = Knowing()
    embedder.db = Database(tmp_path / "own", embedder=embedder)
    embedder.db.record("a note")
    gone = weakref.ref(embedder)
    del embedder
    gc.collect()
    assert gone() is None
    assert Database.writers(tmp_path / "own") == []


def test_a_move_stops_where_its_progress_raises_and_goes_on_later(db: Database, project: str) -> None:
    db.record_many(NewExperience("note " * 50 + str(number), collective=project) for number in range(2000))
    dimension, told = db.dimension, 0

    def stop(done: int, total: int) -> None:
        nonlocal told
        told += 1
        if done > 0:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        db.reembed(Counter(), stop)
    moving = db.stats().reembedding
    assert told == 2 and moving is not None and 0 < moving.done < moving.total
    assert db.dimension == dimension and len(db.search(project, "note 7", k=1)) == 1
    db.reembed(Counter())
    assert db.dimension == Counter.dimension and db.check().is_clean
