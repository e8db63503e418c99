"""The store of sessions for the Claude Agent SDK, by the SDK's own conformance tests."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Any, cast

from claude_agent_sdk import (
    InMemorySessionStore,
    SessionKey,
    SessionStoreEntry,
    get_session_messages_from_store,
    list_sessions_from_store,
)
from claude_agent_sdk.testing import run_session_store_conformance

import pulsedb
from pulsedb.claude_agent import PulseSessionStore

KEY: SessionKey = {"project_key": "project", "session_id": "0b8b6b86-5a3c-4a4c-9d0c-1f4f7c1c9b11"}


def entry(**parts: Any) -> SessionStoreEntry:
    return cast(SessionStoreEntry, {"type": "user", **parts})


def test_the_store_conforms(tmp_path: Path) -> None:
    numbers = count()
    with pulsedb.Database(tmp_path / "memory") as db:
        asyncio.run(
            run_session_store_conformance(lambda: PulseSessionStore(db, collective=f"transcripts {next(numbers)}"))
        )
    assert next(numbers) > 10


def test_an_entry_that_comes_again_is_kept_once_in_its_place(tmp_path: Path) -> None:
    async def used() -> None:
        store = PulseSessionStore(tmp_path / "memory")
        entries = [entry(uuid="a", n=1), entry(uuid="b", n=2), entry(n=3)]
        await store.append(KEY, entries)
        await store.append(KEY, entries[:2])
        await store.append(KEY, [entry(n=3)])
        assert await store.load(KEY) == [*entries, entry(n=3)]
        store.close()

    asyncio.run(used())


def test_long_transcripts_and_long_entries_come_back(tmp_path: Path) -> None:
    async def used() -> None:
        with pulsedb.Database(tmp_path / "memory", pulsedb.Config(sync="fast")) as db:
            store = PulseSessionStore(db)
            entries = [entry(uuid=str(number), text="x") for number in range(1200)]
            entries.append(entry(uuid="long", text="é" * 150_000, odd="\ud800"))
            await store.append(KEY, entries)
            assert await store.load(KEY) == entries
            await store.append({**KEY, "subpath": "subagents/agent-1"}, entries[:2])
            assert await store.list_subkeys({"project_key": "project", "session_id": KEY["session_id"]}) == [
                "subagents/agent-1"
            ]
            await store.delete(KEY)
            assert await store.load(KEY) is None and db.experiences(store._collective) == []

    asyncio.run(used())


def test_the_functions_of_the_sdk_read_it_as_their_own_store(tmp_path: Path) -> None:
    entries = [
        entry(
            uuid=f"00000000-0000-4000-8000-{number:012}",
            parentUuid=None if number == 0 else f"00000000-0000-4000-8000-{number - 1:012}",
            sessionId=KEY["session_id"],
            timestamp=f"2026-01-01T00:00:{number:02}.000Z",
            type="user" if number % 2 == 0 else "assistant",
            cwd="/tmp",
            message={"role": "user" if number % 2 == 0 else "assistant", "content": f"message {number}"},
        )
        for number in range(4)
    ]

    async def read(store: Any, key: SessionKey) -> tuple[Any, Any]:
        await store.append(key, entries)
        messages = await get_session_messages_from_store(store, key["session_id"], directory="/tmp")
        sessions = await list_sessions_from_store(store, directory="/tmp")
        return messages, [(session.session_id, session.first_prompt) for session in sessions]

    from claude_agent_sdk import project_key_for_directory

    key: SessionKey = {"project_key": project_key_for_directory("/tmp"), "session_id": KEY["session_id"]}
    theirs = asyncio.run(read(InMemorySessionStore(), key))
    store = PulseSessionStore(tmp_path / "memory")
    assert asyncio.run(read(store, key)) == theirs
    assert len(theirs[0]) == 4
    (hit, *_) = store._db.search(store._collective, "message 3")
    assert "message 3" in hit.experience.content
