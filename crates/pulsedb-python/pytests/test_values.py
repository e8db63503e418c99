"""Python's view equals the database's, for any values; what cannot be stored is refused by its type."""

import math
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pulsedb
from pulsedb import (
    ArchitecturalDecision,
    Config,
    Database,
    Difficulty,
    ErrorPattern,
    Fact,
    Generic,
    NewExperience,
    SearchFilter,
    Solution,
    SuccessPattern,
    TechInsight,
    UserPreference,
)

texts = st.text(st.characters(codec="utf-8"), max_size=40)
contents = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).filter(lambda text: text.strip() != "")
names = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
shares = st.floats(0, 1, width=32)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(timezone.utc)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
vectors = st.lists(st.floats(-1000, 1000, width=32), min_size=4, max_size=4).filter(
    lambda row: sum(part * part for part in row) > 1e-6
)
types: st.SearchStrategy[pulsedb.ExperienceType] = st.one_of(
    st.builds(Difficulty, texts, st.sampled_from(["low", "medium", "high", "critical"])),
    st.builds(Solution, texts, st.booleans(), st.uuids().map(str) | st.none()),
    st.builds(ErrorPattern, texts, texts, texts),
    st.builds(SuccessPattern, texts, texts, shares),
    st.builds(UserPreference, texts, texts, shares),
    st.builds(ArchitecturalDecision, texts, texts),
    st.builds(TechInsight, texts, texts),
    st.builds(Fact, texts, texts),
    st.builds(Generic, texts | st.none()),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as place:
        config = Config(embeddings="external", dimension=4, sync="fast")
        with Database(Path(place) / "memory", config) as db:
            yield db


def composed(text: str) -> str:
    """A name as it is stored."""
    return normalize("NFC", text)


@settings(max_examples=60, deadline=None)
@given(
    content=contents,
    vector=vectors,
    type=types,
    importance=shares,
    confidence=shares,
    domain=st.lists(names, max_size=3, unique_by=lambda name: normalize("NFC", name)),
    tags=st.dictionaries(names, texts.map(str.strip), max_size=3),
    files=st.lists(names, max_size=3),
    agent=names,
    timestamp=moments,
)
def test_any_experience_comes_back_as_it_was_recorded(shared: Database, **parts: Any) -> None:
    vector = np.array(parts.pop("vector"), dtype=np.float32)
    try:
        id = shared.record(parts["content"], embedding=vector, **{k: v for k, v in parts.items() if k != "content"})
    except pulsedb.ValidationError:
        # What the database refuses in names depends on their white space; then nothing is there.
        return
    found = shared.get(id)
    assert found is not None
    np.testing.assert_array_equal(found.embedding, vector)
    for name in ("content", "type", "importance", "confidence", "timestamp"):
        assert getattr(found, name) == parts[name], name
    assert found.agent == composed(parts["agent"])
    assert sorted(found.domain) == sorted(map(composed, parts["domain"]))
    assert found.files == parts["files"]
    assert found.tags == {composed(tag): composed(value) for tag, value in parts["tags"].items()}


anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary(max_size=8)
    | st.datetimes()
    | st.timedeltas(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_is_passed_no_call_crashes(shared: Database, data: st.DataObject) -> None:
    allowed = (pulsedb.Error, TypeError)
    collective = shared.collective("hostile")
    names = ["embedding", "type", "importance", "domain", "tags", "files", "agent", "task", "timestamp", "duplicate", "key"]
    keywords: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from(names), anything, max_size=4))
    value: Any = data.draw(anything)
    other: Any = data.draw(anything)
    calls: list[Callable[[], object]] = [
        lambda: shared.record(value, collective=collective, **keywords),
        lambda: shared.record_many(value),
        lambda: shared.record_many([NewExperience(value, collective=collective, **keywords)]),
        lambda: shared.search(collective, value, k=other),
        lambda: shared.search(value, "x"),
        lambda: shared.search(collective, "x", filter=SearchFilter(domains=value, since=other)),
        lambda: shared.update(value, content=other),
        lambda: shared.apply(collective, value),
        lambda: shared.watch(collective, since=value, domains=other).close(),
        lambda: shared.changes(collective, value),
        lambda: shared.experiences(collective, limit=value, offset=other),
        lambda: shared.keys(collective, value, after=other),
        lambda: shared.relate(value, other),
        lambda: shared.context(collective, value, max_tokens=other),
        lambda: pulsedb.energy(0.5, value, other, other),
    ]
    call = data.draw(st.sampled_from(calls))
    try:
        call()
    except allowed:
        pass
    except OverflowError as error:
        # Of Python's own conversion of a number that is no parameter of the database.
        assert "applications" in str(error) or isinstance(value, int)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 2), dtype=np.float32),
        np.ones(4, dtype=np.float64),
        np.ones(4, dtype=np.int64),
        np.ones(4, dtype=">f4"),
        np.ones(4, dtype=np.complex64),
        np.array(["a", "b", "c", "d"]),
        np.array([object()] * 4, dtype=object),
        b"abcd",
        "abcd".encode(),
        {"a": 1.0},
        5,
    ],
    ids=repr,
)
def test_other_arrays_are_refused_by_name(shared: Database, array: Any) -> None:
    before = shared.sequence
    with pytest.raises(pulsedb.ArrayError, match="embedding: a one-dimensional array of float32 is wanted"):
        shared.record("a note", embedding=array)
    assert shared.sequence == before


def test_arrays_may_be_strided_reversed_and_read_only(shared: Database) -> None:
    base = np.arange(1, 17, dtype=np.float32).reshape(4, 4)
    frozen = base[0].copy()
    frozen.flags.writeable = False
    for array in (base[:, 1], base[2, ::-1], np.asfortranarray(base)[1], frozen):
        found = shared.get(shared.record("a note", embedding=array))
        assert found is not None
        np.testing.assert_array_equal(found.embedding, array)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(shared: Database, bad: float) -> None:
    before = shared.sequence
    with pytest.raises(pulsedb.InvalidFieldError):
        shared.record("a note", embedding=[1, 2, 3, bad])
    with pytest.raises(pulsedb.InvalidFieldError):
        shared.record("a note", embedding=[1, 2, 3, 4], importance=bad)
    with pytest.raises(pulsedb.InvalidFieldError):
        shared.search(shared.collective("c"), np.array([bad, 0, 0, 1], dtype=np.float32))
    with pytest.raises(pulsedb.DimensionMismatchError) as mismatch:
        shared.record("a note", embedding=[1, 2, 3])
    assert (mismatch.value.expected, mismatch.value.got) == (4, 3)
    assert shared.sequence == before + 1  # The collective.
    shared.delete_collective(shared.collective("c"))


@pytest.mark.parametrize("huge", [10**30, -1, -(10**30), 2**64])
def test_integers_out_of_range_are_refused(shared: Database, huge: int) -> None:
    collective = shared.collective("hostile")
    for call in (
        lambda: shared.search(collective, [1, 2, 3, 4], k=huge),
        lambda: shared.experiences(collective, limit=huge),
        lambda: shared.changes(collective, huge),
        lambda: shared.watch(collective, since=huge),
    ):
        with pytest.raises(pulsedb.InvalidFieldError):
            call()
    with pytest.raises(pulsedb.InvalidFieldError):
        shared.record("a note", embedding=[1, 2, 3, 10**400])


def test_surrogates_are_refused_wherever_they_stand(shared: Database) -> None:
    half = "half \ud800"
    for call in (
        lambda: shared.record(half, embedding=[1, 2, 3, 4]),
        lambda: shared.record("a", embedding=[1, 2, 3, 4], agent=half),
        lambda: shared.record("a", embedding=[1, 2, 3, 4], tags={half: "x"}),
        lambda: shared.record("a", embedding=[1, 2, 3, 4], domain=[half]),
        lambda: shared.collective(half),
        lambda: shared.get(half),
        lambda: shared.search(shared.collective("hostile"), half),
    ):
        with pytest.raises(pulsedb.InvalidFieldError, match="surrogates"):
            call()


def test_moments_need_a_time_zone_and_any_will_do(shared: Database) -> None:
    with pytest.raises(pulsedb.InvalidFieldError, match="time zone"):
        shared.record("a note", embedding=[1, 2, 3, 4], timestamp=datetime(2026, 1, 1))
    there = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=9)))
    found = shared.get(shared.record("a note", embedding=[1, 2, 3, 4], timestamp=there))
    assert found is not None and found.timestamp == there and found.timestamp.tzinfo is timezone.utc


def test_a_generator_that_raises_leaves_nothing(shared: Database) -> None:
    def new() -> Iterator[NewExperience]:
        yield NewExperience("a note", embedding=[1, 2, 3, 4])
        raise KeyError("the source is gone")

    before = shared.sequence
    with pytest.raises(KeyError, match="the source is gone"):
        shared.record_many(new())
    with pytest.raises(TypeError, match="one str"):
        shared.record_many("text")
    with pytest.raises(TypeError, match="pulsedb.NewExperience or a str"):
        shared.record_many([5])  # type: ignore[list-item]
    assert shared.sequence == before


def test_every_error_says_its_parts_and_can_be_pickled(shared: Database, tmp_path: Path) -> None:
    import pickle

    with pytest.raises(pulsedb.ExperienceNotFoundError) as missing:
        shared.delete("00000000-0000-7000-8000-000000000000")
    error = pickle.loads(pickle.dumps(missing.value))
    assert type(error) is pulsedb.ExperienceNotFoundError and isinstance(error, LookupError)
    assert error.id == "00000000-0000-7000-8000-000000000000" and str(error) == str(missing.value)
    with pytest.raises(pulsedb.DatabaseNotFoundError) as nowhere:
        Database(tmp_path / "nowhere", Config(read_only=True))
    assert nowhere.value.path == tmp_path / "nowhere"
    with pytest.raises(pulsedb.InvalidFieldError) as unbounded:
        Database(tmp_path / "bounds", Config(map_size_gb=0))
    assert unbounded.value.field == "map_size_gb" and isinstance(unbounded.value, ValueError)
    with pytest.raises(pulsedb.ContentTooLargeError) as large:
        shared.record("x" * 200_000, embedding=[1, 2, 3, 4])
    assert (large.value.size, large.value.max) == (200_000, 102_400)
    with pytest.raises(pulsedb.TooManyItemsError) as many:
        shared.record("x", embedding=[1, 2, 3, 4], domain=map(str, range(60)))
    assert (many.value.count, many.value.max) == (60, 50)


def test_an_array_that_is_not_aligned_is_copied(shared: Database) -> None:
    packed = np.zeros(2, [("t", "u1"), ("v", "f4", (4,))])
    packed["v"][1] = [1, 2, 3, 4]
    assert not packed["v"][1].flags.aligned
    collective = shared.collective("unaligned")
    id = shared.record("a note", collective=collective, embedding=packed["v"][1])
    found = shared.get(id)
    assert found is not None
    np.testing.assert_array_equal(found.embedding, [1, 2, 3, 4])
