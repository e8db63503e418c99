"""The database of a store, and the collective in it that the store keeps its records in."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

from . import Config, Database


class Opened:
    """A database that was handed over open, or a path, which is opened here and closed by `close`."""

    __slots__ = ("collective", "db", "owned")

    def __init__(
        self,
        database: Database | str | PathLike[str],
        collective: str,
        *,
        config: Config | None = None,
        check: Callable[[Database], None] | None = None,
    ) -> None:
        self.owned = not isinstance(database, Database)
        self.db = database if isinstance(database, Database) else Database(database, config)
        try:
            if check is not None:
                check(self.db)
            self.collective = self.db.collective(collective)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the database, if it was opened here."""
        if self.owned:
            self.db.close()
