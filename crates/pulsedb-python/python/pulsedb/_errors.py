"""What goes wrong, sorted by what a caller can do about it. The native part makes these."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ._results import ProviderIdentity


class Error(Exception):
    """The error of every call. Its message names the thing, the value and the remedy."""


class StorageError(Error):
    """The files of the database: damaged, full, missing, locked, of another version."""


class CorruptedError(StorageError):
    """A stored value does not match its checksum or its format."""

    table: str
    key: str


class FullError(StorageError):
    """The disk or the map is full. Nothing was changed; deletes still work."""

    reason: str


class DatabaseNotFoundError(StorageError):
    """There is no database at this path, and the call may not create one."""

    path: Path


class UnsupportedError(StorageError):
    """The file system, the platform or the file cannot be used."""

    reason: str


class DatabaseLockedError(StorageError):
    """Another process holds a lock that excludes this call."""

    holder: str


class FormatTooNewError(StorageError):
    """The database was written by a newer version."""

    found: str
    supported: str


class FormatTooOldError(StorageError):
    """The database was written by a version whose format is no longer read."""

    found: str
    supported: str


class MapTooLargeError(StorageError):
    """There is no address space for the map."""

    bytes: int


class ReplacedError(StorageError):
    """The directory is not the one that was opened."""

    path: Path


class WritesRefusedError(StorageError):
    """An earlier write failed; open the database again."""

    reason: str


class TooManyReadersError(StorageError):
    """Every slot for concurrent readers is taken."""

    slots: int


class EngineError(StorageError):
    """The engine reported something that no other class covers."""

    reason: str


class ValidationError(Error, ValueError):
    """The input was refused; nothing was changed."""


class DimensionMismatchError(ValidationError):
    """A vector does not have as many dimensions as the database."""

    expected: int
    got: int


class InvalidFieldError(ValidationError):
    """A field has a value that is not allowed."""

    field: str
    reason: str


class ContentTooLargeError(ValidationError):
    """The content is too long."""

    size: int
    max: int


class RequiredFieldError(ValidationError):
    """A field that must be given is missing or empty."""

    field: str


class TooManyItemsError(ValidationError):
    """A list has too many entries."""

    field: str
    count: int
    max: int


class ArrayError(ValidationError, TypeError):
    """A vector is not a one-dimensional array of float32."""


class ConfigError(Error):
    """A setting that is good by itself conflicts with the open database or with what was compiled in."""

    reason: str


class NotFoundError(Error, LookupError):
    """What the call names does not exist."""

    id: str


class CollectiveNotFoundError(NotFoundError):
    """No such collective."""


class ExperienceNotFoundError(NotFoundError):
    """No such experience."""


class RelationNotFoundError(NotFoundError):
    """No such relation."""


class InsightNotFoundError(NotFoundError):
    """No such insight."""


class ActivityNotFoundError(NotFoundError):
    """The agent, whose name is `id`, has not registered in the collective, or has ended its activity."""

    collective: str


class IoError(Error):
    """The operating system refused a file operation."""

    action: str
    path: Path
    errno: int | None


class EmbeddingError(Error):
    """The embedder failed or returned something that is not a valid vector."""

    reason: str


class EmbeddingProviderMismatchError(Error):
    """The database was written with another embedder; vectors of two embedders never mix."""

    stored: ProviderIdentity
    requested: ProviderIdentity


class ReadOnlyError(Error):
    """The object was opened read-only."""


class ChangesGoneError(Error):
    """The change log no longer reaches back to the number that was asked for."""

    oldest: int


class ClosedError(Error):
    """The database was closed."""


class ForkedError(ClosedError):
    """The database was opened before this process was forked off.

    Fork before it is opened, or start processes with the method `spawn` of `multiprocessing`: a child cannot have what its
    parent had open.
    """
