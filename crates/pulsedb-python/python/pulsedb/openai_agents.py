"""Sessions for the OpenAI Agents SDK: install the wheel with the extra `openai-agents`.

    from agents import Agent, Runner
    from pulsedb.openai_agents import PulseSession

    await Runner.run(agent, "Hello", session=PulseSession("user-1", "memory"))

Each item of a conversation is an experience, so that other agents find what was said by meaning.
"""

from __future__ import annotations

import asyncio
import json
from os import PathLike
from typing import cast

from agents import SessionSettings, TResponseInputItem
from agents.memory import SessionABC

from . import Database, _journal
from ._opened import Opened

__all__ = ["PulseSession"]

# How often an item is asked for again that another process has taken off first.
ATTEMPTS = 1000


class PulseSession(SessionABC):
    """The history of a conversation, in a collective of a database: an open one, or a path, which the session opens.

    The items of one call, at most 10 000 and 64 MiB, are added in one commit, in order; any number of threads and processes may use one session. The
    database needs an embedder, as it has by default.
    """

    def __init__(
        self,
        session_id: str,
        database: Database | str | PathLike[str],
        *,
        collective: str = "sessions",
        agent: str = "openai-agents",
        session_settings: SessionSettings | None = None,
    ) -> None:
        self.session_id = session_id
        self.session_settings = session_settings
        self._opened = Opened(database, collective)
        self._db, self._collective = self._opened.db, self._opened.collective
        self._place = _journal.digest(session_id)
        self._agent = agent

    def close(self) -> None:
        """Closes the database, if the session has opened it."""
        self._opened.close()

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The items in the order in which they were added; with a limit the last ones."""
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        entries = await asyncio.to_thread(self._entries)
        if limit is not None:
            entries = entries[-limit:] if limit > 0 else []
        return [_item(entry) for entry in entries]

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Adds items in one commit."""
        texts: list[tuple[str | None, str]] = [(None, _journal.json_of(item)) for item in items]
        await asyncio.to_thread(self._add, texts)

    async def pop_item(self) -> TResponseInputItem | None:
        """Takes the last item off; of several who ask for it one gets it."""
        return await asyncio.to_thread(self._pop)

    async def clear_session(self) -> None:
        """Takes all items off."""
        await asyncio.to_thread(self._clear)

    def _entries(self) -> list[_journal.Entry]:
        return _journal.entries(self._db, self._collective, self._place)

    def _add(self, texts: list[tuple[str | None, str]]) -> None:
        new = _journal.records(self._collective, self._place, texts, agent=self._agent, task=self.session_id)
        self._db.record_many(new)

    def _pop(self) -> TResponseInputItem | None:
        for _ in range(ATTEMPTS):
            entries = self._entries()
            if not entries:
                return None
            if _journal.delete(self._db, entries[-1].ids):
                return _item(entries[-1])
        raise RuntimeError(f"others keep taking items off session {self.session_id!r}; try again")

    def _clear(self) -> None:
        _journal.delete_all(self._db, [id for entry in self._entries() for id in entry.ids])


def _item(entry: _journal.Entry) -> TResponseInputItem:
    return cast(TResponseInputItem, json.loads(entry.text))
