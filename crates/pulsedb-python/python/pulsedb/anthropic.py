"""The memory tool of Claude: install the wheel with the extra `anthropic`.

    from anthropic import Anthropic
    from pulsedb.anthropic import MemoryTool

    memory = MemoryTool("memory")
    Anthropic().beta.messages.run_tools(tools=[memory], ...)

The files below `/memories` are experiences under their paths as keys. An edit records the new text as superseding the old one,
so that `Database.history` has every version, and other agents find the newest by meaning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from os import PathLike
from typing import NoReturn, TypeVar
from urllib.parse import unquote

from anthropic.lib.tools import BetaAbstractMemoryTool, BetaAsyncAbstractMemoryTool, ToolError
from anthropic.types.beta import (
    BetaMemoryTool20250818CreateCommand as CreateCommand,
)
from anthropic.types.beta import (
    BetaMemoryTool20250818DeleteCommand as DeleteCommand,
)
from anthropic.types.beta import (
    BetaMemoryTool20250818InsertCommand as InsertCommand,
)
from anthropic.types.beta import (
    BetaMemoryTool20250818RenameCommand as RenameCommand,
)
from anthropic.types.beta import (
    BetaMemoryTool20250818StrReplaceCommand as StrReplaceCommand,
)
from anthropic.types.beta import (
    BetaMemoryTool20250818ViewCommand as ViewCommand,
)

from . import Database, Error, Experience, NewExperience, _journal
from ._opened import Opened

__all__ = ["AsyncMemoryTool", "MemoryTool"]

ROOT = "/memories"
# How deep a view of a directory goes.
DEPTH = 2
# Lines around a replacement that its answer shows.
AROUND = 2
# How often an edit is tried again where another process has edited the same file meanwhile.
ATTEMPTS = 20
# The most keys of one call of the database.
KEYS_MAX = 1000
# The database keeps no empty text: what stands for one, and the tag that says so.
EMPTY, EMPTY_TAG = "(an empty file)", {"empty": "yes"}

T = TypeVar("T")


class _Files:
    """The files of a collective, and the six commands on them."""

    def __init__(self, database: Database | str | PathLike[str], collective: str, agent: str) -> None:
        self.opened = Opened(database, collective)
        self.db, self.collective = self.opened.db, self.opened.collective
        self.agent = agent

    def close(self) -> None:
        self.opened.close()

    def view(self, command: ViewCommand) -> str:
        path = _checked(command.path)
        row = self.row(path)
        if row is None:
            return self.listing(path)
        lines = _text(row).split("\n")
        first, last = 1, len(lines)
        if command.view_range and len(command.view_range) == 2:
            first = max(1, command.view_range[0])
            last = last if command.view_range[1] == -1 else command.view_range[1]
        return f"Here's the content of {path} with line numbers:\n" + _numbered(lines[first - 1 : last], first)

    def listing(self, path: str) -> str:
        sizes: dict[str, int] = {}
        for key in self.below(path):
            parts = key[len(path) + 1 :].split("/")
            row = self.row(key)
            if row is None or any(part.startswith(".") for part in parts):
                continue
            size = len(_text(row).encode())
            for depth in range(1, min(len(parts), DEPTH) + 1):
                shown = "/".join(parts[:depth]) + ("/" if depth < len(parts) else "")
                sizes[shown] = sizes.get(shown, 0) + size
            sizes[""] = sizes.get("", 0) + size
        if not sizes and path != ROOT:
            _refuse(f"The path {path} does not exist. Please provide a valid path.")
        head = f"Here're the files and directories up to {DEPTH} levels deep in {path}, excluding hidden items:"
        entries = [f"{_size(sizes.pop('', 0))}\t{path}"]
        entries += [f"{_size(size)}\t{path}/{name}" for name, size in sorted(sizes.items())]
        return "\n".join([head, *entries])

    def create(self, command: CreateCommand) -> str:
        path = _checked(command.path)
        if path == ROOT or self.row(path) is not None or self.is_directory(path):
            _refuse(f"File {path} already exists")
        self.refuse_below_file(path)
        text = command.file_text
        id = self.db.record(
            text or EMPTY, collective=self.collective, agent=self.agent, tags=None if text else EMPTY_TAG
        )
        try:
            # Unlike a record, this refuses a key that another has taken meanwhile.
            self.db.update(id, key=path)
        except Error:
            self.db.delete(id)
            if self.row(path) is not None:
                _refuse(f"File {path} already exists")
            raise
        return f"File created successfully at: {path}"

    def str_replace(self, command: StrReplaceCommand) -> str:
        path = _checked(command.path)

        def replaced(text: str) -> str:
            count = text.count(command.old_str) if command.old_str else 0
            if count == 0:
                _refuse(
                    f"No replacement was performed, old_str `{command.old_str}` did not appear verbatim in {path}."
                )
            if count > 1:
                at = [text[:start].count("\n") + 1 for start in _places(text, command.old_str)]
                lines = ", ".join(map(str, at))
                _refuse(
                    f"No replacement was performed. Multiple occurrences of old_str `{command.old_str}` in lines: "
                    f"{lines}. Please ensure it is unique"
                )
            return text.replace(command.old_str, command.new_str)

        old, new = self.edited(path, replaced)
        changed = old[: old.find(command.old_str)].count("\n")
        first = max(0, changed - AROUND)
        shown = new.split("\n")[first : changed + AROUND + 1]
        head = "The memory file has been edited. Here is the snippet showing the change (with line numbers):\n"
        return head + _numbered(shown, first + 1)

    def insert(self, command: InsertCommand) -> str:
        path = _checked(command.path)

        def inserted(text: str) -> str:
            lines = text.split("\n")
            if lines[-1] == "":
                lines.pop()
            if not 0 <= command.insert_line <= len(lines):
                _refuse(
                    f"Invalid `insert_line` parameter: {command.insert_line}. "
                    f"It should be within the range [0, {len(lines)}]."
                )
            lines.insert(command.insert_line, command.insert_text.rstrip("\n"))
            return "\n".join(lines) + "\n"

        self.edited(path, inserted)
        return f"The file {path} has been edited."

    def delete(self, command: DeleteCommand) -> str:
        path = _checked(command.path)
        if path == ROOT:
            _refuse(f"Cannot delete the {ROOT} directory itself")
        paths = [path] if self.row(path) is not None else self.below(path)
        if not paths:
            _refuse(f"The path {path} does not exist")
        self.forget(paths)
        return f"Successfully deleted {path}"

    def rename(self, command: RenameCommand) -> str:
        old, new = _checked(command.old_path), _checked(command.new_path)
        if ROOT in (old, new):
            _refuse(f"Cannot rename the {ROOT} directory itself")
        if self.row(new) is not None or self.is_directory(new):
            _refuse(f"The destination {new} already exists")
        if new.startswith(f"{old}/"):
            _refuse(f"Cannot move {old} into itself")
        self.refuse_below_file(new)
        paths = [old] if self.row(old) is not None else self.below(old)
        if not paths:
            _refuse(f"The path {old} does not exist")
        for path in paths:
            row = self.row(path)
            if row is not None:
                self.db.update(row.id, key=new + path[len(old) :])
        return f"Successfully renamed {old} to {new}"

    def clear(self) -> str:
        self.forget(self.below(ROOT))
        return "All memory cleared"

    def row(self, path: str) -> Experience | None:
        return self.db.get_by_key(self.collective, path)

    def below(self, path: str) -> list[str]:
        """The paths of all files in a directory, in order."""
        found: list[str] = []
        while True:
            after = found[-1] if found else None
            keys = self.db.keys(self.collective, f"{path}/", after=after, limit=KEYS_MAX)
            found += keys
            if len(keys) < KEYS_MAX:
                return found

    def is_directory(self, path: str) -> bool:
        return bool(self.db.keys(self.collective, f"{path}/", limit=1))

    def refuse_below_file(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        while parent != ROOT:
            if self.row(parent) is not None:
                _refuse(f"The path {parent} is not a directory.")
            parent = parent.rpartition("/")[0]

    def edited(self, path: str, edit: Callable[[str], str]) -> tuple[str, str]:
        """Supersedes a text by an edited one; gives both."""
        for _ in range(ATTEMPTS):
            row = self.row(path)
            if row is None:
                is_directory = path == ROOT or self.is_directory(path)
                problem = "is not a file." if is_directory else "does not exist. Please provide a valid path."
                _refuse(f"The path {path} {problem}")
            old = _text(row)
            new = edit(old)
            made = self.db.supersede(
                row.id,
                NewExperience(
                    new or EMPTY, collective=self.collective, agent=self.agent, tags=None if new else EMPTY_TAG
                ),
            )
            own = self.db.get(made)
            if own is None or own.key is not None or own.superseded:
                return old, new
            # The path went with the text of another process, which has superseded the same one first: edit that.
            self.db.delete(made)
        _refuse(f"The file {path} is being edited by others; try again.")

    def forget(self, paths: list[str]) -> None:
        """Deletes files with all of their versions: up to 10 000 in one commit, and more in several."""
        rows = [row.id for path in paths if (row := self.row(path)) is not None]
        versions = {version.id for row in rows for version in self.db.history(row)}
        # The files themselves last, so that a deletion that was interrupted can be repeated.
        _journal.delete_all(self.db, [*sorted(versions.difference(rows)), *rows])


class MemoryTool(BetaAbstractMemoryTool):
    """The memory tool, in a collective of a database: an open one, or a path, which the tool opens and `close` closes."""

    def __init__(
        self, database: Database | str | PathLike[str], *, collective: str = "memories", agent: str = "claude"
    ) -> None:
        super().__init__()
        self._files = _Files(database, collective, agent)

    def close(self) -> None:
        """Closes the database, if the tool has opened it."""
        self._files.close()

    def view(self, command: ViewCommand) -> str:
        """Shows a file with the numbers of its lines, or what is in a directory."""
        return _told(self._files.view, command)

    def create(self, command: CreateCommand) -> str:
        """Makes a file, which must not exist."""
        return _told(self._files.create, command)

    def str_replace(self, command: StrReplaceCommand) -> str:
        """Replaces a text that a file has once."""
        return _told(self._files.str_replace, command)

    def insert(self, command: InsertCommand) -> str:
        """Puts lines into a file, after the line of this number."""
        return _told(self._files.insert, command)

    def delete(self, command: DeleteCommand) -> str:
        """Deletes a file with its versions, or a directory with all in it."""
        return _told(self._files.delete, command)

    def rename(self, command: RenameCommand) -> str:
        """Renames a file, or a directory file by file."""
        return _told(self._files.rename, command)

    def clear_all_memory(self) -> str:
        """Deletes every file."""
        return _told(lambda _: self._files.clear(), None)


class AsyncMemoryTool(BetaAsyncAbstractMemoryTool):
    """As `MemoryTool`, without holding up the event loop."""

    def __init__(
        self, database: Database | str | PathLike[str], *, collective: str = "memories", agent: str = "claude"
    ) -> None:
        super().__init__()
        self._files = _Files(database, collective, agent)

    def close(self) -> None:
        """Closes the database, if the tool has opened it."""
        self._files.close()

    async def view(self, command: ViewCommand) -> str:
        """Shows a file with the numbers of its lines, or what is in a directory."""
        return await asyncio.to_thread(_told, self._files.view, command)

    async def create(self, command: CreateCommand) -> str:
        """Makes a file, which must not exist."""
        return await asyncio.to_thread(_told, self._files.create, command)

    async def str_replace(self, command: StrReplaceCommand) -> str:
        """Replaces a text that a file has once."""
        return await asyncio.to_thread(_told, self._files.str_replace, command)

    async def insert(self, command: InsertCommand) -> str:
        """Puts lines into a file, after the line of this number."""
        return await asyncio.to_thread(_told, self._files.insert, command)

    async def delete(self, command: DeleteCommand) -> str:
        """Deletes a file with its versions, or a directory with all in it."""
        return await asyncio.to_thread(_told, self._files.delete, command)

    async def rename(self, command: RenameCommand) -> str:
        """Renames a file, or a directory file by file."""
        return await asyncio.to_thread(_told, self._files.rename, command)

    async def clear_all_memory(self) -> str:
        """Deletes every file."""
        return await asyncio.to_thread(_told, lambda _: self._files.clear(), None)


def _told(carry_out: Callable[[T], str], command: T) -> str:
    """Carries out a command; what goes wrong is told to the model."""
    try:
        return carry_out(command)
    except Error as error:
        raise ToolError(str(error)) from error


def _refuse(message: str) -> NoReturn:
    raise ToolError(message)


def _checked(path: str) -> str:
    """A path below the root in its one form."""
    parts = [part for part in path.split("/") if part]
    if not path.startswith("/") or parts[:1] != [ROOT[1:]]:
        _refuse(f"Path must start with {ROOT}, got: {path}")
    hidden = {".", ".."}
    if hidden & set(parts) or hidden & set(unquote(path).replace("\\", "/").split("/")):
        _refuse(f"Path {path} would escape {ROOT} directory")
    return "/" + "/".join(parts)


def _text(row: Experience) -> str:
    return "" if row.tags == EMPTY_TAG else row.content


def _numbered(lines: list[str], first: int) -> str:
    return "\n".join(f"{number:>6}\t{line}" for number, line in enumerate(lines, first))


def _places(text: str, part: str) -> list[int]:
    places, at = [], text.find(part)
    while at != -1:
        places.append(at)
        at = text.find(part, at + len(part))
    return places


def _size(size: int) -> str:
    if size < 1024:
        return f"{size}B"
    return f"{size / 1024:.1f}".removesuffix(".0") + "K"
