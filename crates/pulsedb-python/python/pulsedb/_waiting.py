"""Waiting for a stream of changes without holding up an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._native import Watch
    from ._results import WatchEvent


async def next_event(watch: Watch) -> WatchEvent:
    """The next event of a stream, for `async for`."""
    loop = asyncio.get_running_loop()
    while True:
        rung = loop.create_future()

        def ring(rung: asyncio.Future[None] = rung) -> None:
            loop.call_soon_threadsafe(_settle, rung)

        try:
            event = watch._poll(ring)
        except StopIteration:
            raise StopAsyncIteration from None
        if event is not None:
            return event
        try:
            await rung
        except asyncio.CancelledError:
            watch._forget(ring)
            raise


def _settle(rung: asyncio.Future[None]) -> None:
    if not rung.done():
        rung.set_result(None)
