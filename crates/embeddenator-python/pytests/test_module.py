"""What the Python module promises."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

import embeddenator
from embeddenator import Code, DamagedError, Engram, EngramError, NotFoundError, similarities


def lines(count: int) -> str:
    return "".join(f"line {line}, {line * line}\n" for line in range(count))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "lines").write_text(lines(5000))
    (root / "note").write_text("vectors index, bytes store")
    return root


def test_binding_is_undone_exactly() -> None:
    left, right = Code.random(1), Code.random(2)
    bound = left.bind(right)
    assert bound.unbind(right) == left
    assert abs(bound.similarity(left)) < 0.5
    assert Code.random(1) == left and Code.random(3) != left


def test_bundle_is_like_its_parts() -> None:
    parts = [Code.random(seed) for seed in range(4)]
    bundle = Code.bundle(parts)
    assert all(bundle.similarity(part) > 0.1 for part in parts)
    texts = Code.bundle([Code.of_text("a frozen lake"), Code.of_text("children on the ice")])
    assert texts.similarity(Code.of_text("a frozen lake")) > texts.similarity(Code.of_text("tax law"))
    with pytest.raises(ValueError, match="no codes"):
        Code.bundle([])
    with pytest.raises(ValueError, match="block codes"):
        Code.bundle([parts[0], Code.of_text("a text")])


def test_codes_come_back_from_bytes_and_damage_is_seen() -> None:
    for code in (Code.random(1), Code.random(1, blocks=100, positions=100), Code.of_text("text"), Code.of_bytes(b"bytes")):
        stored = code.to_bytes()
        assert Code.from_bytes(stored) == code
        assert Code.from_bytes(bytearray(stored)) == code
        for at in range(0, len(stored), 7):
            damaged = bytearray(stored)
            damaged[at] ^= 1
            with pytest.raises(ValueError):
                Code.from_bytes(damaged)
        with pytest.raises(ValueError):
            Code.from_bytes(stored[:-1])


def test_all_kinds_of_bytes_are_taken() -> None:
    data = os.urandom(5000)
    wanted = Code.signature(data)
    for other in (bytearray(data), memoryview(data), memoryview(data + data)[:5000], np.frombuffer(data, np.uint8)):
        assert Code.signature(other) == wanted
    strided = np.frombuffer(bytes(byte for pair in zip(data, data) for byte in pair), np.uint8)[::2]
    assert Code.signature(strided) == wanted
    for wrong in (5, "text", np.zeros(3, np.int64), np.zeros((2, 2), np.uint8)):
        with pytest.raises(TypeError, match="bytes are wanted"):
            Code.signature(wrong)  # type: ignore[arg-type]


def test_similarities_are_those_of_each_row() -> None:
    codes = [Code.random(seed, blocks=100, positions=100) for seed in range(50)]
    table = np.stack([code.row() for code in codes])
    found = similarities(codes[7], table)
    assert found.dtype == np.float32 and found.argmax() == 7
    assert np.allclose(found, [codes[7].similarity(code) for code in codes])
    assert np.allclose(similarities(codes[7], table[::2]), found[::2])
    with pytest.raises(ValueError, match="pass 100"):
        similarities(codes[7], table[:, :99])
    with pytest.raises(ValueError, match="position"):
        similarities(codes[7], np.full((1, 100), 127, np.uint8))
    elements = codes[0].elements()
    assert elements.dtype == np.int8 and len(elements) == codes[0].dimension == 10_000
    assert (np.abs(elements).reshape(100, 100).sum(axis=1) == 1).all()
    other = codes[1].elements()
    assert np.isclose(codes[0].similarity(codes[1]), (elements.astype(int) * other).sum() / 100)


def test_engram_is_made_listed_read_searched_and_brought_out(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "tree.egm"
    engram = Engram.create(path, tree, index="fragment", label="first")
    assert [snapshot.label for snapshot in engram.snapshots] == ["first"]
    assert [entry.path for entry in engram.list()] == [b"", b"docs", b"docs/lines", b"note"]
    (inside,) = engram.list("docs")
    assert (inside.kind, inside.size) == ("file", len(lines(5000)))
    assert engram.read("note") == b"vectors index, bytes store"
    assert engram.read(b"docs/lines", snapshot="first").decode() == lines(5000)
    (hit,) = engram.query(lines(5000)[20_000:21_024].encode())
    assert (hit.path, hit.offset, hit.score) == (b"docs/lines", 20_000, 1.0)
    assert engram.query_text("what do vectors do?", limit=1)[0].path == b"note"
    assert engram.extract(tmp_path / "copy") >= 3
    assert (tmp_path / "copy" / "docs" / "lines").read_text() == lines(5000)
    assert engram.verify().is_sound
    with pytest.raises(EngramError, match="exists"):
        Engram.create(path, tree)
    Engram.create(path, tree, overwrite=True)


def test_what_is_missing_or_wrong_is_an_exception(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        Engram(tmp_path / "none.egm")
    path = tmp_path / "tree.egm"
    with pytest.raises(ValueError, match="no profile"):
        Engram.create(path, tree, profile="tiny")  # type: ignore[arg-type]
    engram = Engram.create(path, tree)
    for wrong in ("other", "docs/other"):
        with pytest.raises(NotFoundError, match=wrong):
            engram.read(wrong)
    with pytest.raises(NotFoundError):
        engram.list(snapshot="other")
    with pytest.raises(ValueError):
        engram.read("../note")
    with pytest.raises(ValueError):
        engram.read("docs")
    stored = bytearray(path.read_bytes())
    stored[8192 + 500] ^= 1
    path.write_bytes(stored)
    report = engram.verify()
    assert not report.is_sound and report.findings
    os.truncate(path, 9000)
    with pytest.raises(DamagedError):
        engram.read("docs/lines")
    with pytest.raises(DamagedError):
        engram.verify()


def test_threads_read_at_once(tree: Path, tmp_path: Path) -> None:
    engram = Engram.create(tmp_path / "tree.egm", tree)
    wrong: list[int] = []

    def read(reader: int) -> None:
        for _ in range(20):
            if engram.read("docs/lines").decode() != lines(5000):
                wrong.append(reader)

    readers = [threading.Thread(target=read, args=(reader,)) for reader in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert not wrong


def test_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert version("embeddenator") == embeddenator.__version__
