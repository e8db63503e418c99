"""A memory block for LlamaIndex: install the wheel with the extra `llama-index`.

    from llama_index.core.memory import Memory
    from pulsedb.llama_index import PulseMemoryBlock

    memory = Memory.from_defaults(session_id="ada", memory_blocks=[PulseMemoryBlock(database="memory")])

Messages that no longer fit into the short-term memory are experiences, with the session as their task.
"""

from __future__ import annotations

import asyncio
from typing import Any, Optional

from llama_index.core.base.llms.types import ChatMessage, TextBlock
from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.memory import BaseMemoryBlock

from . import NewExperience, SearchFilter, _journal
from ._opened import Opened

__all__ = ["PulseMemoryBlock"]


class PulseMemoryBlock(BaseMemoryBlock[str]):
    """A memory block in a collective of a database: an open one, or a path, which the block opens.

    What it adds to a prompt is a context of the collective for the last messages: what is similar and the insights of agents,
    with every stored text in a fence that it cannot leave. The database needs an embedder, as it has by default.
    """

    name: str = Field(default="PulseMemory", description="The name of the memory block.")
    database: Any = Field(exclude=True, repr=False, description="An open `pulsedb.Database`, or the path of one.")
    collective: str = Field(default="llama-index", description="The collective that messages are recorded in.")
    k: int = Field(default=5, ge=1, le=1000, description="The most messages, and the most insights, that are shown.")
    max_tokens: int = Field(default=1000, ge=0, description="About the most tokens that are shown.")
    query_messages: int = Field(default=5, ge=1, description="How many of the last messages are searched by.")
    all_sessions: bool = Field(default=False, description="Whether messages of other sessions are shown too.")
    _opened: Opened = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Opens the database."""
        super().model_post_init(context)
        self._opened = Opened(self.database, self.collective)

    def close(self) -> None:
        """Closes the database, if the block has opened it."""
        self._opened.close()

    async def _aget(
        self, messages: Optional[list[ChatMessage]] = None, session_id: str | None = None, **block_kwargs: Any
    ) -> str:
        texts = [_text(message) for message in (messages or [])[-self.query_messages :]]
        query = "\n".join(texts).strip()
        return await asyncio.to_thread(self._shown, query, session_id) if query else ""

    async def _aput(self, messages: list[ChatMessage]) -> None:
        new = [
            NewExperience(
                part,
                collective=self._opened.collective,
                agent=message.role.value,
                task=str(session) if session else None,
            )
            for message in messages
            for session in [message.additional_kwargs.pop("session_id", None)]
            for part in _journal.cut(_text(message))
            if part.strip()
        ]
        await asyncio.to_thread(self._opened.db.record_many, new)

    def _shown(self, query: str, session_id: str | None) -> str:
        wanted = SearchFilter(tasks=[session_id]) if session_id and not self.all_sessions else None
        context = self._opened.db.context(
            self._opened.collective,
            # The end of a long query is what was said last.
            query[-_journal.PART_BYTES // 4 :],
            max_similar=self.k,
            max_recent=0,
            include_relations=False,
            include_active_agents=False,
            filter=wanted,
            max_tokens=self.max_tokens,
        )
        return context.render_markdown() if context.similar or context.insights else ""


def _text(message: ChatMessage) -> str:
    """What a message says; halves of characters, which no text of the database may hold, are replaced."""
    text = "\n".join(block.text for block in message.blocks if isinstance(block, TextBlock))
    return text.encode("utf-8", "replace").decode()
