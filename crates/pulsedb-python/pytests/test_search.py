"""Searching, and what a context holds."""

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

import pulsedb
from pulsedb import (
    ContextWeights,
    Database,
    Fact,
    Hybrid,
    Lexical,
    NewExperience,
    RecallWeights,
    SearchFilter,
    SignalWeights,
)


def test_texts_words_and_vectors_find_the_same_note(db: Database, project: str) -> None:
    texts = ["The release build fails without the vendored OpenSSL", "Lunch is at noon", "The cache is cold"]
    ids = db.record_many([NewExperience(text, collective=project) for text in texts])
    vector = db.embed("the build breaks")
    for query in ("the build breaks", vector, Hybrid("the build breaks", vector), Lexical("build -lunch")):
        assert db.search(project, query)[0].experience.id == ids[0]
    (hit, *_) = db.search(project, "the build breaks", explain=True)
    assert hit.explain is not None and hit.explain.lexical is not None
    parts = hit.explain
    total = parts.fused + parts.session + parts.window + parts.question + parts.agent
    assert total == pytest.approx(hit.similarity, abs=1e-5)
    alone = db.search(project, "the build breaks", context=ContextWeights(0, 0, 0, 0), signals=SignalWeights(1, 0, 0))
    assert len(alone) == 1
    assert len(db.search(project, vector, k=2, weights=RecallWeights(1, 0))) == 2


def test_scores_are_the_cosines(external: Database) -> None:
    collective = external.collective("vectors")
    random = np.random.default_rng(7)
    rows = random.normal(size=(300, 4)).astype(np.float32)
    ids = external.record_many(
        NewExperience(f"row {number}", collective=collective, embedding=row) for number, row in enumerate(rows)
    )
    query = random.normal(size=4).astype(np.float32)
    cosines = rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
    order = np.argsort(-cosines)[:20]
    hits = external.search(collective, query, k=20, exact=True)
    assert [hit.experience.id for hit in hits] == [ids[at] for at in order]
    np.testing.assert_allclose([hit.similarity for hit in hits], cosines[order], atol=1e-5)
    found, scores = external.search_ids(collective, query, k=20, exact=True)
    assert found.tolist() == [hit.experience.id for hit in hits]
    assert found.dtype == np.dtype("<U36") and scores.dtype == np.float32
    np.testing.assert_array_equal(scores, np.array([hit.similarity for hit in hits], dtype=np.float32))
    np.testing.assert_array_equal(external.search_ids(collective, list(map(float, query)), k=20, exact=True)[0], found)


def test_filters_hold_for_every_hit(db: Database, project: str) -> None:
    now = datetime.now(timezone.utc)
    db.record("a fact about tests", collective=project, type=Fact("x", "y"), domain=["tests"], agent="a", task="t1",
              key="f/1", tags={"k": "v"}, importance=0.9, confidence=0.9, timestamp=now - timedelta(days=2))
    db.record("a note about tests", collective=project, domain=["notes"], agent="b", task="t2", importance=0.1,
              confidence=0.1, timestamp=now)
    gone = db.record("an archived note about tests", collective=project)
    db.archive(gone)

    def found(**conditions: object) -> list[str]:
        hits = db.search(project, "tests", filter=SearchFilter(**conditions))  # type: ignore[arg-type]
        return sorted(hit.experience.content for hit in hits)

    fact, note = ["a fact about tests"], ["a note about tests"]
    assert found() == sorted(fact + note)
    assert found(types=["fact"]) == fact
    assert found(domains=["notes", "other"]) == note
    assert found(agents=["a"]) == fact
    assert found(tasks=["t2"]) == note
    assert found(tags={"k": "v"}) == fact
    assert found(key_prefix="f/") == fact
    assert found(min_importance=0.5) == fact
    assert found(min_confidence=0.5) == fact
    assert found(since=now - timedelta(days=1)) == note
    assert found(until=now - timedelta(days=1)) == fact
    assert len(found(include_archived=True)) == 3
    assert [row.content for row in db.recent(project, filter=SearchFilter(types=["fact"]))] == fact
    with pytest.raises(pulsedb.InvalidFieldError, match="`story` is none of difficulty, solution"):
        found(types=["story"])


def test_a_context_holds_what_its_parts_answer(db: Database, project: str) -> None:
    first = db.record("deploys need a warm cache", collective=project, agent="ops")
    second = db.record("the cache is warmed by a job", collective=project)
    db.relate(second, first, "elaborates")
    db.store_insight("warm the cache before deploys", [first, second], collective=project)
    db.register_activity(project, "ops", task="deploying")
    context = db.context(project, "cache", max_similar=5, max_recent=5)
    assert context.similar == db.search(project, "cache", k=5)
    assert context.recent == db.recent(project, 5)
    assert [insight.content for insight, _ in context.insights] == ["warm the cache before deploys"]
    assert context.relations == db.relations(project) and context.active_agents == db.active_agents(project)
    assert "deploys need a warm cache" in context.render_markdown() and context.omitted == 0
    small = db.context(project, "cache", max_tokens=100, include_insights=False, include_active_agents=False)
    assert small.omitted > 0 and small.insights == []


def test_passages_and_matches_are_slices_of_the_text() -> None:
    text = "Überall läuft es. The build fails without OpenSSL. Nothing else is known."
    long = text.replace("Nothing", f"{'Other things happen here. ' * 40}\nNothing")
    assert pulsedb.passage("nothing else is known", long) == "Nothing else is known."
    assert [text[start:end] for start, end in pulsedb.matched("openssl build", text)] == ["build", "OpenSSL"]


def test_a_context_refuses_words_alone_by_name(db: Database, project: str) -> None:
    db.record("the cache is cold", collective=project)
    with pytest.raises(pulsedb.InvalidFieldError, match="words alone") as refused:
        db.context(project, Lexical("cache -cold"))
    assert refused.value.field == "query"
