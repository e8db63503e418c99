"""Python's view equals the database's, for any values; what cannot be stored is refused by its type."""

import math
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
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
    with pytest.raises(TypeError, match="single str"):
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


LONG = "x" * 1000


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("importance", lambda db, c: db.record("a", embedding=[1, 2, 3, 4], importance=10**400)),
        ("importance", lambda db, c: db.record_many([NewExperience("a", embedding=[1, 2, 3, 4], importance=10**400)])),
        ("agent", lambda db, c: db.record("a", embedding=[1, 2, 3, 4], agent="half \ud800")),
        ("agent", lambda db, c: db.record("a", embedding=[1, 2, 3, 4], agent=LONG)),
        ("task", lambda db, c: db.record("a", embedding=[1, 2, 3, 4], task=LONG)),
        ("files", lambda db, c: db.record("a", embedding=[1, 2, 3, 4], files=[LONG])),
        ("tags", lambda db, c: db.record("a", embedding=[1, 2, 3, 4], tags={"half \ud800": "x"})),
        ("type.statement", lambda db, c: db.record("a", embedding=[1, 2, 3, 4], type=Fact(LONG * 20, ""))),
        ("timestamp", lambda db, c: db.record("a", embedding=[1, 2, 3, 4], timestamp=datetime(2026, 1, 1))),
        ("expires_at", lambda db, c: db.update(db.record("a", embedding=[1, 2, 3, 4]), expires_at=datetime(2026, 1, 1))),
        ("content", lambda db, c: db.update(db.record("a", embedding=[1, 2, 3, 4]), content="half \ud800")),
        ("k", lambda db, c: db.search(c, [1, 2, 3, 4], k=-1)),
        ("k", lambda db, c: db.search(c, [1, 2, 3, 4], k=0)),
        ("agents", lambda db, c: db.search(c, [1, 2, 3, 4], filter=SearchFilter(agents=["a"] * 1001))),
        ("limit", lambda db, c: db.experiences(c, limit=2**64)),
        ("since", lambda db, c: db.watch(c, since=-1)),
        ("id", lambda db, c: db.get("no id")),
        ("source", lambda db, c: db.relate("no id", "no id")),
        ("sources", lambda db, c: db.store_insight("a", [], collective=c, embedding=[1, 2, 3, 4])),
        ("collective", lambda db, c: db.recent("project")),
        ("max_similar", lambda db, c: db.context(c, [1, 2, 3, 4], max_similar=1001)),
        ("bm25_b", lambda db, c: Database("nowhere", Config(bm25_b=2))),
        ("watch_buffer_size", lambda db, c: Database("nowhere", Config(watch_buffer_size=0))),
        ("log_max_rows", lambda db, c: Database("nowhere", Config(log_max_rows=0))),
        ("dimension", lambda db, c: Database("nowhere", Config(embeddings="external", dimension=0))),
        ("path", lambda db, c: Database("\ud800")),
        ("path", lambda db, c: Database("")),
        ("applications", lambda db, c: pulsedb.energy(0.5, -1, datetime.now(timezone.utc), datetime.now(timezone.utc))),
        ("importance", lambda db, c: pulsedb.energy(math.nan, 1, datetime.now(timezone.utc), datetime.now(timezone.utc))),
    ],
)
def test_what_is_refused_is_named_as_the_caller_named_it(
    shared: Database, field: str, call: Callable[[Database, str], object]
) -> None:
    with pytest.raises(pulsedb.ValidationError) as refused:
        call(shared, shared.collective("hostile"))
    assert refused.value.field == field and f"`{field}`" in str(refused.value)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("domain: 'int' object", lambda db: db.record("a", embedding=[1, 2, 3, 4], domain=b"ab")),
        ("tags: a mapping of str is wanted, not list", lambda db: db.record("a", embedding=[1, 2, 3, 4], tags=[])),
        ("experiences: expected an iterable, not a single str", lambda db: db.record_many("text")),
        ("embedder.*no attribute 'provider'|embedder: an object with provider", lambda db: db.reembed(object())),
        ("query: a str, a one-dimensional array of float32, a Lexical or a Hybrid is wanted, not NoneType",
         lambda db: db.search(db.collective("c"), None)),
        (r"an array with 2 dimensions; pass one row of it", lambda db: db.record("a", embedding=np.eye(2, dtype="f4"))),
        (r"an array of float64; pass array.astype", lambda db: db.record("a", embedding=np.ones(4))),
        ("a masked array", lambda db: db.record("a", embedding=np.ma.masked_equal(np.ones(4, dtype="f4"), 1))),
    ],
)
def test_another_type_is_told_with_the_name_of_the_argument(
    shared: Database, message: str, call: Callable[[Database], object]
) -> None:
    with pytest.raises(TypeError, match=message):
        call(shared)


def test_a_name_instead_of_the_id_of_a_collective_is_told_the_remedy(shared: Database) -> None:
    with pytest.raises(pulsedb.InvalidFieldError, match=r"`project` is not a UUID.*Database.collective\(name\)"):
        shared.recent("project")


def test_every_moment_that_is_taken_comes_back(shared: Database) -> None:
    last = datetime.max.replace(tzinfo=timezone.utc)
    collective = shared.collective("the end of time")
    id = shared.record("a note", collective=collective, embedding=[1, 2, 3, 4], timestamp=last, expires_at=last)
    found = shared.get(id)
    assert found is not None
    assert found.timestamp == found.expires_at == last.replace(microsecond=999_000)
    assert shared.collective_stats(collective).newest == found.timestamp
    first = datetime(1969, 12, 31, 23, 59, 59, 999_999, timezone.utc)
    found = shared.get(shared.record("a note", embedding=[1, 2, 3, 4], timestamp=first))
    assert found is not None and found.timestamp == first.replace(microsecond=999_000)
    west = timezone(-timedelta(hours=5))
    with pytest.raises(pulsedb.InvalidFieldError, match="outside of the years"):
        shared.record("a note", embedding=[1, 2, 3, 4], timestamp=datetime.max.replace(tzinfo=west))


def test_what_callers_build_may_be_used_twice(shared: Database) -> None:
    collective = shared.collective("twice")
    new = NewExperience(
        "a note", collective=collective, embedding=(1.0, 2, 3, 4), domain=iter(["a"]), tags=MappingProxyType({"x": "y"})
    )
    assert len(set(shared.record_many([new, new]))) == 2
    wanted = SearchFilter(domains=(name for name in ["a"]), tags=MappingProxyType({"x": "y"}))
    for _ in range(2):
        assert len(shared.recent(collective, filter=wanted)) == 2
