"""A store of sessions for the Claude Agent SDK: install the wheel with the extra `claude-agent`.

    from claude_agent_sdk import ClaudeAgentOptions
    from pulsedb.claude_agent import PulseSessionStore

    options = ClaudeAgentOptions(session_store=PulseSessionStore("memory"), ...)

Each entry of a transcript is an experience, so that other agents find what was said by meaning.
"""

from __future__ import annotations

import asyncio
import json
from os import PathLike
from typing import cast

from claude_agent_sdk import (
    SessionKey,
    SessionListSubkeysKey,
    SessionStore,
    SessionStoreEntry,
    SessionStoreListEntry,
    SessionSummaryEntry,
    fold_session_summary,
)

from . import Database, NewExperience, _journal
from ._opened import Opened

__all__ = ["PulseSessionStore"]

# Keys: transcripts by project, session and subpath; and one row for each that says which it is and when it was written.
ENTRIES, INDEX = "entries", "index"
# The most entries that one commit records.
BATCH_MAX = 5000


class PulseSessionStore(SessionStore):
    """Transcripts in a collective of a database: an open one, or a path, which the store opens.

    The entries of one call are added in one commit, in order. One that comes again, by its `uuid`, is kept once. The database
    needs an embedder, as it has by default.
    """

    def __init__(
        self,
        database: Database | str | PathLike[str],
        *,
        collective: str = "transcripts",
        agent: str = "claude",
    ) -> None:
        self._opened = Opened(database, collective)
        self._db, self._collective = self._opened.db, self._opened.collective
        self._agent = agent

    def close(self) -> None:
        """Closes the database, if the store has opened it."""
        self._opened.close()

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        """Adds entries to a transcript."""
        await asyncio.to_thread(self._append, key, entries)

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        """The entries of a transcript, or `None` if there is none."""
        return await asyncio.to_thread(self._load, key)

    async def list_sessions(self, project_key: str) -> list[SessionStoreListEntry]:
        """The sessions of a project, and when each was last written."""
        return await asyncio.to_thread(self._sessions, project_key)

    async def list_session_summaries(self, project_key: str) -> list[SessionSummaryEntry]:
        """What the SDK wants to know of each session of a project, made of its transcript."""
        return await asyncio.to_thread(self._summaries, project_key)

    async def delete(self, key: SessionKey) -> None:
        """Deletes a transcript; that of a session with those of its agents."""
        await asyncio.to_thread(self._delete, key)

    async def list_subkeys(self, key: SessionListSubkeysKey) -> list[str]:
        """The subpaths of a session that have a transcript."""
        return await asyncio.to_thread(self._subpaths, key)

    def _append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        named = [(_uuid(entry), _journal.json_of(entry)) for entry in entries]
        place, task = _place(ENTRIES, key), key["session_id"]
        for start in range(0, len(named), BATCH_MAX):
            some = named[start : start + BATCH_MAX]
            new = list(_journal.records(self._collective, place, some, agent=self._agent, task=task))
            index = NewExperience(
                json.dumps([key["session_id"], key.get("subpath")]),
                collective=self._collective,
                key=_place(INDEX, key),
                agent=self._agent,
            )
            self._db.record_many([*new, index])

    def _load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        entries = _journal.entries(self._db, self._collective, _place(ENTRIES, key))
        return [cast(SessionStoreEntry, json.loads(entry.text)) for entry in entries] or None

    def _sessions(self, project_key: str) -> list[SessionStoreListEntry]:
        rows = _journal.rows_below(self._db, self._collective, f"{INDEX}/{_journal.digest(project_key)}/")
        return [
            {"session_id": session, "mtime": int(row.updated_at.timestamp() * 1000)}
            for row in rows
            for session, subpath in [json.loads(row.content)]
            if subpath is None
        ]

    def _summaries(self, project_key: str) -> list[SessionSummaryEntry]:
        summaries = []
        for session in self._sessions(project_key):
            key: SessionKey = {"project_key": project_key, "session_id": session["session_id"]}
            summary = fold_session_summary(None, key, self._load(key) or [])
            summary["mtime"] = session["mtime"]
            summaries.append(summary)
        return summaries

    def _delete(self, key: SessionKey) -> None:
        # The rows that say what there is go last, so that a deletion that was interrupted can be found and repeated.
        for part in (ENTRIES, INDEX):
            prefix = _place(part, key) if key.get("subpath") else _session(part, key)
            rows = _journal.rows_below(self._db, self._collective, prefix)
            _journal.delete_all(self._db, [row.id for row in rows])

    def _subpaths(self, key: SessionListSubkeysKey) -> list[str]:
        rows = _journal.rows_below(self._db, self._collective, _session(INDEX, key))
        subpaths = (json.loads(row.content)[1] for row in rows)
        return sorted(subpath for subpath in subpaths if subpath is not None)


def _uuid(entry: SessionStoreEntry) -> str | None:
    found = entry.get("uuid")
    return found if isinstance(found, str) else None


def _session(part: str, key: SessionKey | SessionListSubkeysKey) -> str:
    """What the keys of a session begin with."""
    return f"{part}/{_journal.digest(key['project_key'], key['session_id'])}/"


def _place(part: str, key: SessionKey) -> str:
    """What the keys of a transcript begin with; digests are of one length, so that none begins as another."""
    subpath = key.get("subpath")
    return _session(part, key) + ("main" if subpath is None else _journal.digest(subpath))
