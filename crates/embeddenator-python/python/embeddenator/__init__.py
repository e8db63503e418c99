"""Sparse ternary codes, and file trees in one verified, deduplicated file that is searchable by content."""

from ._native import (
    BusyError,
    Code,
    DamagedError,
    Engram,
    EngramError,
    Entry,
    Hit,
    NotFoundError,
    Snapshot,
    VerifyReport,
    __version__,
    similarities,
)

__all__ = [
    "BusyError",
    "Code",
    "DamagedError",
    "Engram",
    "EngramError",
    "Entry",
    "Hit",
    "NotFoundError",
    "Snapshot",
    "VerifyReport",
    "__version__",
    "similarities",
]
