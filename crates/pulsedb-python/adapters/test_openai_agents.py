"""Sessions of the OpenAI Agents SDK, beside the ones in SQLite."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, ModelResponse, Runner, SQLiteSession, Usage, set_tracing_disabled
from agents.memory import Session, SessionSettings
from agents.models.interface import Model
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import ResponseOutputMessage, ResponseOutputText

import pulsedb
from pulsedb.openai_agents import PulseSession


# There is no service that would take the traces.
set_tracing_disabled(True)


def said(text: str) -> Any:
    return {"role": "user", "content": text}


def test_a_session_keeps_items_in_order_and_gives_the_last_ones(tmp_path: Path) -> None:
    async def used() -> None:
        session = PulseSession("ada", tmp_path / "memory", session_settings=SessionSettings(limit=2))
        assert isinstance(session, Session)
        other = PulseSession("bob", session._db)
        await session.add_items([])
        await session.add_items([said(str(number)) for number in range(5)])
        await other.add_items([said("other")])
        assert await session.get_items() == [said("3"), said("4")]
        assert await session.get_items(limit=10) == [said(str(number)) for number in range(5)]
        assert await session.get_items(limit=0) == []
        assert await session.pop_item() == said("4")
        await session.clear_session()
        assert await session.get_items() == [] and await session.pop_item() is None
        assert await other.get_items() == [said("other")]
        session.close()

    asyncio.run(used())


def test_items_of_any_length_and_with_any_characters_come_back(tmp_path: Path) -> None:
    items = [said("x" * 300_000), said("€" * 200_000), said("\U0001f600" * 70_000), said("half \ud800"), said(""),
             {"role": "user", "content": [{"type": "input_text", "text": "nested"}]}]

    async def used() -> None:
        session = PulseSession("a name \ud800 " + "n" * 5000, tmp_path / "memory")
        await session.add_items(items)
        assert await session.get_items() == items
        assert [await session.pop_item() for _ in items] == items[::-1]
        assert session._db.experiences(session._collective) == []

    asyncio.run(used())


def test_more_items_than_one_call_gives_are_all_there(tmp_path: Path) -> None:
    async def used() -> None:
        with pulsedb.Database(tmp_path / "memory", pulsedb.Config(sync="fast")) as db:
            session = PulseSession("ada", db)
            items = [said(str(number)) for number in range(1500)]
            await session.add_items(items)
            assert await session.get_items() == items
            assert await session.get_items(limit=3) == items[-3:]
            await session.clear_session()
            assert await session.get_items() == []

    asyncio.run(used())


def test_of_several_who_take_items_each_gets_another(tmp_path: Path) -> None:
    async def used() -> None:
        session = PulseSession("ada", tmp_path / "memory")
        await asyncio.gather(*(session.add_items([said(f"{name}/{at}") for at in range(3)]) for name in range(5)))
        items = await session.get_items()
        # The items of one call stand together.
        assert all(items[at : at + 3] == [said(f"{items[at]['content'][0]}/{one}") for one in range(3)] for at in range(0, 15, 3))  # type: ignore[typeddict-item, index]
        taken = await asyncio.gather(*(session.pop_item() for _ in range(20)))
        assert sorted(str(item) for item in taken if item) == sorted(str(item) for item in items)
        assert taken.count(None) == 5

    asyncio.run(used())


class Parrot(Model):
    """A model that says how many items it was given."""

    async def get_response(self, system_instructions: Any, input: Any, *args: Any, **kwargs: Any) -> ModelResponse:
        text = ResponseOutputText(annotations=[], text=f"{len(input)} items", type="output_text")
        message = ResponseOutputMessage(id="m", content=[text], role="assistant", status="completed", type="message")
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


def test_an_agent_remembers_across_runs(tmp_path: Path) -> None:
    async def run() -> list[str]:
        agent = Agent(name="parrot", model=Parrot())
        session = PulseSession("ada", tmp_path / "memory")
        said = [(await Runner.run(agent, text, session=session)).final_output for text in ("one", "two")]
        assert "items" in session._db.search(session._collective, "items")[0].experience.content
        return said

    assert asyncio.run(run()) == ["1 items", "3 items"]


calls = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(st.text(max_size=5).map(said), max_size=3)),
        st.tuples(st.just("get"), st.sampled_from([None, 1, 2, 10])),
        st.tuples(st.just("pop"), st.none()),
        st.tuples(st.just("clear"), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(calls=calls)
def test_any_calls_give_what_a_session_in_sqlite_gives(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[str, Any]]
) -> None:
    async def done(session: Session, call: str, argument: Any) -> Any:
        match call:
            case "add":
                return await session.add_items(argument)
            case "get":
                return await session.get_items(argument)
            case "pop":
                return await session.pop_item()
        return await session.clear_session()

    async def both() -> None:
        place = tmp_path_factory.mktemp("session")
        theirs = SQLiteSession("ada", place / "sqlite")
        with pulsedb.Database(place / "memory", pulsedb.Config(sync="fast")) as db:
            ours = PulseSession("ada", db)
            for call, argument in calls:
                assert await done(ours, call, argument) == await done(theirs, call, argument)
        theirs.close()

    asyncio.run(both())
