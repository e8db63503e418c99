"""Streams of changes: iterators, asynchronous iterators and polling."""

import asyncio
import gc
import threading
import types

import pytest

import pulsedb
from pulsedb import Database, Fact, NewExperience, WatchEvent


def test_a_stream_delivers_every_change_once_in_order(db: Database, project: str) -> None:
    with db.watch(project) as watch:
        id = db.record("a note", collective=project)
        db.update(id, importance=0.9)
        db.archive(id)
        db.delete(id)
        events = [watch.get(5) for _ in range(4)]
        assert [event.type for event in events if event] == ["created", "updated", "archived", "deleted"]
        assert {event.experience for event in events if event} == {id}
        assert watch.get(0) is None and watch.end is None
    assert watch.end == "closed" and watch.get(0) is None and list(watch) == []


def test_a_stream_from_a_number_begins_there_and_filters_hold(db: Database, project: str) -> None:
    db.record("before", collective=project)
    since = db.sequence
    kept = db.record("a fact", collective=project, type=Fact("x", "y"), domain=["d"], importance=0.9)
    db.record("after", collective=project)
    assert db.watch(project, since=since, types=["fact"], domains=["d"], min_importance=0.5).get(5) == WatchEvent(
        kept, project, "created", db.changes(project, since)[0][0].timestamp, since + 1
    )
    events, reached = db.changes(project)
    assert [event.sequence for event in events] == [2, 3, 4] and reached == db.sequence
    assert db.changes(project, reached) == ([], reached)


def test_a_loop_over_a_stream_ends_with_the_collective_and_with_the_database(db: Database, project: str) -> None:
    watch = db.watch(project)
    db.record("a note", collective=project)
    db.delete_collective(project)
    assert [event.type for event in watch] == ["created", "deleted"]
    assert watch.end == "collective_gone"
    other = db.collective("other")
    waiting = db.watch(other)
    seen: list[WatchEvent] = []
    thread = threading.Thread(target=lambda: seen.extend(waiting))
    thread.start()
    db.record("a note", collective=other)
    db.close()
    thread.join(10)
    assert not thread.is_alive() and len(seen) == 1 and waiting.end == "closed"


def test_a_stream_ends_with_its_collective(db: Database, project: str) -> None:
    watch = db.watch(project)
    db.delete_collective(project)
    assert list(watch) == [] and watch.end == "collective_gone"


def test_async_for_sees_what_other_threads_commit(db: Database, project: str) -> None:
    async def watching() -> list[WatchEvent]:
        seen = []
        async for event in db.watch(project):
            seen.append(event)
            if len(seen) == 50:
                return seen
        return seen

    async def both() -> list[WatchEvent]:
        task = asyncio.create_task(watching())
        await asyncio.sleep(0)
        new = [NewExperience(f"note {number}", collective=project) for number in range(25)]
        await asyncio.to_thread(db.record_many, new)
        for number in range(25):
            await asyncio.to_thread(db.record, f"single {number}", collective=project)
        return await asyncio.wait_for(task, 30)

    seen = asyncio.run(both())
    assert [event.sequence for event in seen] == list(range(2, 52))


def test_cancelling_a_wait_loses_nothing(db: Database, project: str) -> None:
    async def cancelled() -> WatchEvent:
        watch = db.watch(project)
        for _ in range(3):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(watch), 0.01)
        await asyncio.to_thread(db.record, "a note", collective=project)
        return await asyncio.wait_for(anext(watch), 30)

    assert asyncio.run(cancelled()).type == "created"


def test_async_for_ends_with_the_database(db: Database, project: str) -> None:
    async def watching() -> int:
        watch = db.watch(project)
        asyncio.get_running_loop().call_soon(db.close)
        return len([event async for event in watch])

    assert asyncio.run(asyncio.wait_for(watching(), 30)) == 0


def test_closing_a_stream_wakes_those_who_wait_for_it(db: Database, project: str) -> None:
    async def closed() -> list[bool]:
        watch = db.watch(project)
        waiting = [asyncio.ensure_future(anext(watch, None)) for _ in range(2)]
        await asyncio.sleep(0)
        watch.close()
        return [event is None for event in await asyncio.wait_for(asyncio.gather(*waiting), 30)]

    assert asyncio.run(closed()) == [True, True]


def test_two_who_wait_for_one_stream_have_an_event_each(db: Database, project: str) -> None:
    async def both() -> set[str]:
        watch = db.watch(project)
        waiting = [asyncio.ensure_future(anext(watch)) for _ in range(2)]
        await asyncio.sleep(0)
        ids = [await asyncio.to_thread(db.record, text, collective=project) for text in ("one", "two")]
        events = await asyncio.wait_for(asyncio.gather(*waiting), 30)
        assert {event.experience for event in events} == set(ids)
        return {event.type for event in events}

    assert asyncio.run(both()) == {"created"}


def test_watching_what_is_not_there_is_refused(db: Database, project: str) -> None:
    with pytest.raises(pulsedb.CollectiveNotFoundError):
        db.watch("00000000-0000-7000-8000-000000000000")
    db.close()
    with pytest.raises(pulsedb.ClosedError):
        db.watch(project)
    with pytest.raises(pulsedb.ClosedError):
        db.sequence


def test_a_refused_filter_is_raised(db: Database, project: str) -> None:
    with pytest.raises(pulsedb.InvalidFieldError):
        db.watch(project, min_importance=7).get(0)


def test_who_asks_does_not_wait_for_who_waits(db: Database, project: str) -> None:
    watch = db.watch(project)
    waiting = threading.Thread(target=watch.get)
    waiting.start()
    # A twentieth of a second each would be ten seconds.
    asking = threading.Thread(target=lambda: [watch.get(0) for _ in range(200)])
    asking.start()
    asking.join(8)
    assert not asking.is_alive() and waiting.is_alive()
    watch.close()
    waiting.join(30)
    assert not waiting.is_alive()


def test_waits_that_were_cancelled_leave_nothing(db: Database, project: str) -> None:
    async def cancelled() -> None:
        watch = db.watch(project)
        for _ in range(20):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(watch), 0.001)
        gc.collect()
        functions = [one for one in gc.get_objects() if isinstance(one, types.FunctionType)]
        assert [one for one in functions if one.__qualname__ == "next_event.<locals>.ring"] == []

    asyncio.run(cancelled())
