import builtins
from collections.abc import Sequence
from os import PathLike
from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__version__: str

Bytes: TypeAlias = bytes | bytearray | memoryview | NDArray[np.uint8]

class EngramError(Exception):
    """An engram cannot be made, read or brought out."""

class NotFoundError(EngramError):
    """Something that was named does not exist."""

class BusyError(EngramError):
    """Another process writes to the engram."""

class DamagedError(EngramError):
    """Stored bytes are not as they were written."""

@final
class Code:
    """A block code, or the code of a text or of bytes."""

    @staticmethod
    def random(seed: int, *, blocks: int = 128, positions: int = 128) -> Code:
        """The block code that follows from a seed, the same on every machine."""

    @staticmethod
    def of_text(text: str) -> Code:
        """The code of a text: texts about the same are similar."""

    @staticmethod
    def of_bytes(data: Bytes) -> Code:
        """The code of bytes: those with the same sequences in them are similar."""

    @staticmethod
    def signature(data: Bytes) -> Code:
        """The block code by which engrams find near-duplicates."""

    @staticmethod
    def from_bytes(data: Bytes) -> Code:
        """The code that `to_bytes` wrote. ValueError if the bytes are damaged."""

    @staticmethod
    def bundle(codes: Sequence[Code]) -> Code:
        """One code that is similar to each of several of one kind and shape."""

    def bind(self, other: Code) -> Code:
        """Binds two block codes of one shape; `unbind` undoes it exactly."""

    def unbind(self, other: Code) -> Code:
        """Takes a code out of what it was bound with."""

    def similarity(self, other: Code) -> float:
        """The cosine with a code of the same kind and shape, from -1 to 1."""

    def to_bytes(self) -> bytes:
        """Checksummed bytes, the same on every machine."""

    def row(self) -> NDArray[np.uint8]:
        """The bytes of a block code, one a block: a row of the table that `similarities` takes."""

    def elements(self) -> NDArray[np.int8]:
        """All elements, -1, 0 or 1."""

    @property
    def dimension(self) -> int:
        """How many elements it has."""

    def __eq__(self, other: object) -> bool: ...

def similarities(code: Code, rows: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The cosines of a block code with each row of a table."""

@final
class Snapshot:
    """A state of the tree."""

    @property
    def number(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def entries(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def seconds(self) -> int: ...

@final
class Entry:
    """A name of a snapshot. Paths are bytes, since not all of them are text: `os.fsdecode` makes text of them."""

    @property
    def path(self) -> bytes: ...
    @property
    def kind(self) -> Literal["file", "directory", "symlink", "special"]: ...
    @property
    def mode(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def seconds(self) -> int: ...
    @property
    def nanoseconds(self) -> int: ...

@final
class Hit:
    """A file that has a fragment, or is about a text."""

    @property
    def path(self) -> bytes: ...
    @property
    def size(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def score(self) -> float: ...

@final
class VerifyReport:
    """What a verification read."""

    @property
    def segments(self) -> int: ...
    @property
    def chunks(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def findings(self) -> list[str]: ...
    @property
    def is_sound(self) -> bool: ...

@final
class Engram:
    """A file tree in one file, opened for reading. Any number of threads may use it; no call holds other threads up."""

    def __new__(cls, path: str | PathLike[str]) -> Engram:
        """Opens an engram."""

    @staticmethod
    def create(
        path: str | PathLike[str],
        directory: str | PathLike[str],
        *,
        profile: Literal["fast", "balanced", "archive", "max"] = "balanced",
        index: Literal["none", "file", "fragment"] = "file",
        threads: int = 0,
        label: str = "",
        overwrite: bool = False,
    ) -> Engram:
        """Makes an engram of the contents of a directory, and opens it."""

    @property
    def snapshots(self) -> builtins.list[Snapshot]:
        """The snapshots, the oldest first."""

    def list(self, directory: str | bytes | None = None, *, snapshot: str | None = None) -> builtins.list[Entry]:
        """The entries of a directory, or all, of a snapshot by number or label."""

    def read(self, path: str | bytes, *, snapshot: str | None = None) -> bytes:
        """What a file holds."""

    def query(self, fragment: Bytes, *, limit: int = 16, snapshot: str | None = None) -> builtins.list[Hit]:
        """The files that have a fragment, the best first."""

    def query_text(self, text: str, *, limit: int = 16, snapshot: str | None = None) -> builtins.list[Hit]:
        """The files with the passages that are most like a text, the best first."""

    def extract(
        self,
        target: str | PathLike[str],
        *,
        path: str | bytes | None = None,
        snapshot: str | None = None,
        overwrite: bool = False,
    ) -> int:
        """Brings a snapshot, or what stands at a path in it, out to a directory; returns how many entries."""

    def verify(self) -> VerifyReport:
        """Compares all that the engram holds with its hashes; damage is in the report."""
