"""The memory service for Google's ADK, and below its runner."""

import asyncio
from pathlib import Path
from typing import Any

from google.adk.agents import BaseAgent
from google.adk.events.event import Event
from google.adk.memory.memory_entry import MemoryEntry
from google.adk.runners import Runner
from google.adk.sessions.in_memory_session_service import InMemorySessionService
from google.adk.sessions.session import Session
from google.genai.types import Content, Part

import pulsedb
from pulsedb.google_adk import PulseMemoryService


def event(id: str, text: str, author: str = "user", timestamp: float = 1_800_000_000.5) -> Event:
    parts = [Part(text=text)] if text else []
    return Event(id=id, author=author, timestamp=timestamp, content=Content(role="user", parts=parts))


def session(*events: Event, user: str = "ada", id: str = "s1") -> Session:
    return Session(id=id, app_name="app", user_id=user, events=list(events))


async def found(service: PulseMemoryService, query: str, user: str = "ada") -> list[MemoryEntry]:
    return (await service.search_memory(app_name="app", user_id=user, query=query)).memories


def text_of(entry: MemoryEntry) -> str | None:
    return entry.content.parts[0].text if entry.content.parts else None


def test_the_events_of_a_session_are_remembered_once_and_for_their_user(tmp_path: Path) -> None:
    async def used() -> None:
        service = PulseMemoryService(tmp_path / "memory")
        events = [event("1", "I like noodles with chili"), event("2", "Noted.", "cook"), event("3", "")]
        await service.add_session_to_memory(session(*events))
        await service.add_session_to_memory(session(*events, event("4", "The release is on Friday")))
        await service.add_session_to_memory(session(event("1", "I like soup"), user="bob"))
        (best, *rest) = await found(service, "which noodles?")
        assert text_of(best) == "I like noodles with chili" and len(rest) <= 2
        assert (best.author, best.content.role, best.timestamp) == ("user", "user", "2027-01-15T08:00:00.500000+00:00")
        assert [text_of(entry) for entry in await found(service, "noodles soup", "bob")] == ["I like soup"]
        assert await found(service, "  ") == [] and await found(service, "noodles", "eve") == []
        service.close()
        with pulsedb.Database(tmp_path / "memory") as db:
            rows = db.experiences(db.collective("adk"))
            assert [(row.agent, row.task) for row in rows] == [
                ("user", "s1"), ("cook", "s1"), ("user", "s1"), ("user", "s1"),
            ]

    asyncio.run(used())


def test_what_is_deleted_is_gone_and_its_session_does_not_bring_it_back(tmp_path: Path) -> None:
    async def used() -> None:
        with pulsedb.Database(tmp_path / "memory") as db:
            service = PulseMemoryService(db)
            long = session(event("1", "my password is a secret " + "x" * 250_000), event("2", "I like noodles"))
            await service.add_session_to_memory(long)
            (hit,) = [entry for entry in await found(service, "password secret") if "password" in str(text_of(entry))]
            await service.delete_memory(app_name="app", user_id="bob", memory_id=hit.id)
            await service.delete_memory(app_name="app", user_id="ada", memory_id="no id")
            await service.delete_memory(app_name="app", user_id="ada")
            assert any("password" in str(text_of(entry)) for entry in await found(service, "password secret"))
            for _ in range(2):
                await service.delete_memory(app_name="app", user_id="ada", memory_id=hit.id)
            await service.add_session_to_memory(long)
            assert [text_of(entry) for entry in await found(service, "password secret noodles deleted")] == ["I like noodles"]
            assert not any("password" in row.content for row in db.experiences(service._collective))

    asyncio.run(used())


def test_entries_keep_their_metadata_and_deltas_are_added(tmp_path: Path) -> None:
    async def used() -> None:
        service = PulseMemoryService(tmp_path / "memory", k=1)
        entry = MemoryEntry(content=Content(parts=[Part(text="the port is 443 \ud800")]), custom_metadata={"n": [1]},
                            timestamp="2026-01-01T12:00:00+01:00", id="e")
        await service.add_memory(app_name="app", user_id="ada", memories=[entry, entry])
        await service.add_events_to_memory(app_name="app", user_id="ada", events=[event("1", "lunch is at noon")])
        (hit,) = await found(service, "which port?")
        assert (text_of(hit), hit.custom_metadata, hit.timestamp) == (
            "the port is 443 ?", {"n": [1]}, "2026-01-01T11:00:00+00:00",
        )
        assert [text_of(entry) for entry in await found(service, "lunch noon")] == ["lunch is at noon"]
        service.close()

    asyncio.run(used())


class Recalling(BaseAgent):
    """An agent that says what it remembers."""

    async def _run_async_impl(self, ctx: Any) -> Any:
        assert ctx.memory_service is not None
        asked = ctx.user_content.parts[0].text
        memories = await ctx.memory_service.search_memory(app_name="app", user_id="ada", query=asked)
        said = "; ".join(str(text_of(entry)) for entry in memories.memories) or "nothing"
        yield Event(author=self.name, invocation_id=ctx.invocation_id, content=Content(role="model", parts=[Part(text=said)]))


def test_an_agent_recalls_an_earlier_session(tmp_path: Path) -> None:
    async def used() -> list[str | None]:
        sessions, service = InMemorySessionService(), PulseMemoryService(tmp_path / "memory", k=1)
        runner = Runner(app_name="app", agent=Recalling(name="cook"), session_service=sessions, memory_service=service)
        answers = []
        for asked in ("I like noodles with chili", "which noodles do I like?"):
            made = await sessions.create_session(app_name="app", user_id="ada")
            message = Content(role="user", parts=[Part(text=asked)])
            async for answer in runner.run_async(user_id="ada", session_id=made.id, new_message=message):
                assert answer.content is not None and answer.content.parts is not None
                answers.append(answer.content.parts[0].text)
            ended = await sessions.get_session(app_name="app", user_id="ada", session_id=made.id)
            assert ended is not None
            await service.add_session_to_memory(ended)
        service.close()
        return answers

    assert asyncio.run(used()) == ["nothing", "I like noodles with chili"]
