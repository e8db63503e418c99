"""A memory service for Google's Agent Development Kit: install the wheel with the extra `google-adk`.

    from google.adk.runners import Runner
    from pulsedb.google_adk import PulseMemoryService

    runner = Runner(..., memory_service=PulseMemoryService("memory"))

The text of an event is an experience, with its author as the agent and its session as the task, so that what is found counts
with what was said around it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from os import PathLike

from google.adk.events.event import Event
from google.adk.memory.base_memory_service import BaseMemoryService, SearchMemoryResponse
from google.adk.memory.memory_entry import MemoryEntry
from google.adk.sessions.session import Session
from google.genai.types import Content, Part

from . import (
    Archive,
    Change,
    Database,
    Delete,
    Experience,
    Generic,
    InvalidFieldError,
    NewExperience,
    SearchFilter,
    Update,
    _journal,
)
from ._opened import Opened

__all__ = ["PulseMemoryService"]

# What is left of a memory that was deleted: its key, by which its session does not bring it back.
DELETED = "(deleted)"
# The most records of one commit.
BATCH_MAX = 5000


class PulseMemoryService(BaseMemoryService):
    """A `BaseMemoryService` in a collective of a database: an open one, or a path, which the service opens.

    What is remembered is the text of events and entries, each once by its id; a search gives the best `k` of one user of one
    app. The database needs an embedder, as it has by default. Metadata of an entry have at most 10 240 bytes.
    """

    def __init__(
        self, database: Database | str | PathLike[str], *, collective: str = "adk", agent: str = "adk", k: int = 10
    ) -> None:
        self._opened = Opened(database, collective)
        self._db, self._collective = self._opened.db, self._opened.collective
        self._agent = agent
        self._k = k

    def close(self) -> None:
        """Closes the database, if the service has opened it."""
        self._opened.close()

    async def add_session_to_memory(self, session: Session) -> None:
        """Remembers the events of a session that are not there yet."""
        entries = map(_entry, session.events)
        await asyncio.to_thread(self._add, _place(session.app_name, session.user_id), entries, session.id)

    async def add_events_to_memory(
        self,
        *,
        app_name: str,
        user_id: str,
        events: Sequence[Event],
        session_id: str | None = None,
        custom_metadata: Mapping[str, object] | None = None,
    ) -> None:
        """Remembers those of these events that are not there yet; `custom_metadata` is not kept."""
        await asyncio.to_thread(self._add, _place(app_name, user_id), map(_entry, events), session_id)

    async def add_memory(
        self,
        *,
        app_name: str,
        user_id: str,
        memories: Sequence[MemoryEntry],
        custom_metadata: Mapping[str, object] | None = None,
    ) -> None:
        """Remembers entries, each with its own metadata. One whose id is there already is left as it is.

        The `custom_metadata` of the call is not kept.
        """
        await asyncio.to_thread(self._add, _place(app_name, user_id), memories, None)

    async def search_memory(self, *, app_name: str, user_id: str, query: str) -> SearchMemoryResponse:
        """The memories that answer a query best, best first."""
        rows = await asyncio.to_thread(self._found, _place(app_name, user_id), query)
        return SearchMemoryResponse(memories=[_memory(row) for row in rows])

    async def delete_memory(self, *, app_name: str, user_id: str, memory_id: str | None = None) -> None:
        """Deletes a memory of this user; its session does not bring it back."""
        if memory_id:
            await asyncio.to_thread(self._delete, _place(app_name, user_id), memory_id)

    def _add(self, place: str, entries: Iterable[MemoryEntry], session_id: str | None) -> None:
        new: list[NewExperience] = []
        for entry in entries:
            new.extend(self._new(place, entry, session_id))
            if len(new) >= BATCH_MAX:
                self._db.record_many(new)
                new = []
        self._db.record_many(new)

    def _new(self, place: str, entry: MemoryEntry, session_id: str | None) -> Iterator[NewExperience]:
        """What is recorded for an entry: nothing, if it has no text or is there."""
        text = _storable(_text(entry.content))
        name = entry.id or uuid.uuid4().hex
        if not text.strip() or self._db.keys(self._collective, f"{place}/{_journal.digest(name)}#", limit=1):
            return
        agent = (entry.author or "").strip() or self._agent
        metadata = Generic(_journal.json_of(entry.custom_metadata)) if entry.custom_metadata else None
        for one in _journal.records(self._collective, place, [(name, text)], agent=agent, task=session_id or ""):
            tags = {**(one.tags or {}), "role": entry.content.role or "user"}
            yield dataclasses.replace(one, tags=tags, type=metadata, timestamp=_moment(entry.timestamp))

    def _found(self, place: str, query: str) -> list[Experience]:
        query = _storable(query)
        if not query.strip():
            return []
        hits = self._db.search(self._collective, query, k=self._k, filter=SearchFilter(key_prefix=f"{place}/"))
        return [hit.experience for hit in hits]

    def _delete(self, place: str, memory_id: str) -> None:
        try:
            found = self._db.get(memory_id)
        except InvalidFieldError:
            return
        key = (found.key or "") if found is not None else ""
        if not key.startswith(f"{place}/"):
            return
        rows = _journal.rows_below(self._db, self._collective, key.partition("#")[0] + "#")
        left: list[Change] = []
        for row in rows[:1]:
            left += [Update(row.id, content=DELETED, type=Generic()), Archive(row.id)]
        self._db.apply(self._collective, [*left, *(Delete(row.id) for row in rows[1:])])


def _place(app_name: str, user_id: str) -> str:
    """What the keys of a user's memories begin with."""
    return _journal.digest(app_name, user_id)


def _entry(event: Event) -> MemoryEntry:
    moment = datetime.fromtimestamp(event.timestamp, timezone.utc).isoformat()
    content = event.content or Content(parts=[])
    return MemoryEntry(content=content, id=event.id or None, author=event.author, timestamp=moment)


def _text(content: Content) -> str:
    return "\n".join(part.text for part in content.parts or () if part.text)


def _storable(text: str) -> str:
    """A text without halves of characters, which no text of the database may hold."""
    return text.encode("utf-8", "replace").decode()


def _moment(timestamp: str | None) -> datetime | None:
    """The moment that an entry tells, if it tells one: without a time zone one of this machine."""
    if not timestamp:
        return None
    try:
        # Python 3.10 does not read the `Z` of UTC.
        return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _memory(row: Experience) -> MemoryEntry:
    metadata = row.type.category if isinstance(row.type, Generic) else None
    return MemoryEntry(
        content=Content(role=row.tags.get("role"), parts=[Part(text=row.content)]),
        custom_metadata=json.loads(metadata) if metadata else {},
        id=row.id,
        author=row.agent,
        timestamp=row.timestamp.isoformat(),
    )
