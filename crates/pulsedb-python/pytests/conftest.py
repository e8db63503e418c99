"""An open database and a collective in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pulsedb import Config, Database


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "memory"


@pytest.fixture
def db(directory: Path) -> Iterator[Database]:
    with Database(directory) as db:
        yield db


@pytest.fixture
def project(db: Database) -> str:
    return db.collective("project")


@pytest.fixture
def external(tmp_path: Path) -> Iterator[Database]:
    """A database of vectors with four dimensions."""
    with Database(tmp_path / "external", Config(embeddings="external", dimension=4)) as db:
        yield db
