"""The memory tool of Claude, beside the one that keeps files."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic.lib.tools import ToolError
from anthropic.tools import BetaLocalFilesystemMemoryTool
from hypothesis import given, settings
from hypothesis import strategies as st

import pulsedb
from pulsedb.anthropic import AsyncMemoryTool, MemoryTool


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[MemoryTool]:
    tool = MemoryTool(tmp_path / "memory")
    yield tool
    tool.close()


def call(tool: Any, command: str, **parts: Any) -> str:
    result = tool.call({"command": command, **parts})
    assert isinstance(result, str)
    return result


def refused(tool: Any, command: str, **parts: Any) -> str:
    with pytest.raises(ToolError) as error:
        call(tool, command, **parts)
    return str(error.value)


def test_a_file_is_made_shown_edited_renamed_and_deleted(tool: MemoryTool) -> None:
    assert tool.to_dict() == {"type": "memory_20250818", "name": "memory"}
    call(tool, "create", path="/memories/notes/a.md", file_text="one\ntwo\nthree")
    assert "already exists" in refused(tool, "create", path="/memories/notes/a.md", file_text="x")
    assert call(tool, "view", path="/memories/notes/a.md").endswith("     1\tone\n     2\ttwo\n     3\tthree")
    assert call(tool, "view", path="/memories/notes/a.md", view_range=[2, -1]).endswith("     2\ttwo\n     3\tthree")
    shown = call(tool, "str_replace", path="/memories/notes/a.md", old_str="two", new_str="2")
    assert shown.endswith("     1\tone\n     2\t2\n     3\tthree")
    call(tool, "insert", path="/memories/notes/a.md", insert_line=1, insert_text="and a half\n")
    assert call(tool, "view", path="/memories/notes/a.md").endswith("     2\tand a half\n     3\t2\n     4\tthree\n     5\t")
    call(tool, "rename", old_path="/memories/notes", new_path="/memories/old")
    assert call(tool, "view", path="/memories").splitlines()[1:] == [
        "23B\t/memories", "23B\t/memories/old/", "23B\t/memories/old/a.md",
    ]
    call(tool, "delete", path="/memories/old")
    assert "does not exist" in refused(tool, "view", path="/memories/old/a.md")
    assert call(tool, "view", path="/memories").splitlines()[1:] == ["0B\t/memories"]


def test_every_version_is_kept_and_the_newest_is_found_by_meaning(tmp_path: Path) -> None:
    with pulsedb.Database(tmp_path / "memory") as db:
        tool = MemoryTool(db, collective="claude")
        call(tool, "create", path="/memories/port.md", file_text="the server listens on port 80")
        call(tool, "str_replace", path="/memories/port.md", old_str="80", new_str="443")
        claude = db.collective("claude")
        (hit,) = db.search(claude, "which port?")
        assert hit.experience.content == "the server listens on port 443"
        assert (hit.experience.key, hit.experience.agent) == ("/memories/port.md", "claude")
        assert [row.content[-3:] for row in db.history(hit.experience.id)] == [" 80", "443"]
        call(tool, "delete", path="/memories/port.md")
        assert db.experiences(claude) == []


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "memories/a", "/memories/../secrets", "/memories/a/../../b", "/memories/%2e%2e/b", "/memoriesx/a",
     "/memories/..\\b", "/memories/./a", ""],
)
def test_no_path_leaves_the_root(tool: MemoryTool, path: str) -> None:
    for command, parts in (
        ("view", {"path": path}),
        ("create", {"path": path, "file_text": "x"}),
        ("str_replace", {"path": path, "old_str": "x", "new_str": "y"}),
        ("insert", {"path": path, "insert_line": 0, "insert_text": "x"}),
        ("delete", {"path": path}),
        ("rename", {"old_path": path, "new_path": "/memories/b"}),
        ("rename", {"old_path": "/memories/b", "new_path": path}),
    ):
        assert "/memories" in refused(tool, command, **parts)


def test_what_the_database_refuses_is_told_to_the_model(tool: MemoryTool) -> None:
    assert "102400" in refused(tool, "create", path="/memories/a", file_text="x" * 200_000)
    assert "key" in refused(tool, "create", path="/memories/" + "a" * 500, file_text="x")
    assert "surrogates" in refused(tool, "create", path="/memories/a", file_text="\ud800")
    assert "Cannot delete" in refused(tool, "delete", path="/memories")
    call(tool, "create", path="/memories/a", file_text="x x")
    assert "lines: 1, 1" in refused(tool, "str_replace", path="/memories/a", old_str="x", new_str="y")
    assert "not a directory" in refused(tool, "create", path="/memories/a/b", file_text="x")
    assert "into itself" in refused(tool, "rename", old_path="/memories/a", new_path="/memories/a/b")
    assert "[0, 1]" in refused(tool, "insert", path="/memories/a", insert_line=5, insert_text="x")


def test_edits_of_several_threads_are_all_in_the_file(tool: MemoryTool) -> None:
    call(tool, "create", path="/memories/a", file_text="")

    def insert(name: int) -> None:
        for number in range(5):
            call(tool, "insert", path="/memories/a", insert_line=0, insert_text=f"{name}/{number}")

    threads = [threading.Thread(target=insert, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [line.partition("\t")[2] for line in call(tool, "view", path="/memories/a").splitlines()[1:]]
    assert sorted(filter(None, lines)) == sorted(f"{name}/{number}" for name in range(4) for number in range(5))


def test_of_several_threads_that_create_a_file_one_succeeds_and_its_text_stays(tool: MemoryTool) -> None:
    for number in range(20):
        path = f"/memories/{number}"
        made: list[str] = []
        told: list[str] = []
        start = threading.Barrier(2)

        def create(text: str) -> None:
            start.wait(30)
            try:
                call(tool, "create", path=path, file_text=text)
                made.append(text)
            except ToolError as error:
                told.append(str(error))

        threads = [threading.Thread(target=create, args=(text,)) for text in "AB"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(made) == 1 and told == [f"File {path} already exists"]
        assert call(tool, "view", path=path).endswith(f"     1\t{made[0]}")


def test_the_asynchronous_tool_does_the_same(tmp_path: Path) -> None:
    async def used() -> str:
        tool = AsyncMemoryTool(tmp_path / "memory")
        await tool.call({"command": "create", "path": "/memories/a", "file_text": "one"})
        await tool.call({"command": "insert", "path": "/memories/a", "insert_line": 1, "insert_text": "two"})
        await tool.call({"command": "rename", "old_path": "/memories/a", "new_path": "/memories/b"})
        await tool.call({"command": "str_replace", "path": "/memories/b", "old_str": "one", "new_str": "1"})
        shown = await tool.call({"command": "view", "path": "/memories/b"})
        await tool.call({"command": "delete", "path": "/memories/b"})
        assert await tool.clear_all_memory() == "All memory cleared"
        tool.close()
        assert isinstance(shown, str)
        return shown

    assert asyncio.run(used()).endswith("     1\t1\n     2\ttwo\n     3\t")


paths = st.sampled_from(["/memories/a", "/memories/b", "/memories/d/a", "/memories/d/b", "/memories/d"])
texts = st.text("ab\n", min_size=0, max_size=8)
commands: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"command": st.just("view"), "path": st.sampled_from(["/memories/a", "/memories/d/a"])}),
    st.fixed_dictionaries({"command": st.just("create"), "path": paths, "file_text": texts}),
    st.fixed_dictionaries({"command": st.just("str_replace"), "path": paths, "old_str": st.just("ab"), "new_str": texts}),
    st.fixed_dictionaries(
        {"command": st.just("insert"), "path": paths, "insert_line": st.integers(0, 3), "insert_text": texts}
    ),
    st.fixed_dictionaries({"command": st.just("delete"), "path": paths}),
    st.fixed_dictionaries({"command": st.just("rename"), "old_path": paths, "new_path": paths}),
)


def outcome(tool: Any, command: dict[str, Any]) -> str | None:
    try:
        return str(tool.call(command))
    except (ToolError, OSError):
        return None


@settings(max_examples=40, deadline=None)
@given(commands=st.lists(commands, max_size=12))
def test_any_commands_do_what_the_tool_with_files_does(
    tmp_path_factory: pytest.TempPathFactory, commands: list[dict[str, Any]]
) -> None:
    place = tmp_path_factory.mktemp("tools")
    files = BetaLocalFilesystemMemoryTool(str(place / "files"))
    with pulsedb.Database(place / "memory", pulsedb.Config(sync="fast")) as db:
        tool = MemoryTool(db)
        for command in commands:
            before = {path.relative_to(place / "files") for path in (place / "files").rglob("*")}
            theirs, ours = outcome(files, command), outcome(tool, command)
            # Directories without files are none here.
            for path in sorted((place / "files" / "memories").rglob("*"), reverse=True):
                if path.is_dir() and not any(path.iterdir()):
                    path.rmdir()
            assert (ours is None) == (theirs is None), (command, before, ours, theirs)
            if command["command"] in ("view", "str_replace", "insert"):
                assert ours == theirs
        kept = [f"/{path.relative_to(place / 'files')}" for path in (place / "files").rglob("*") if path.is_file()]
        assert db.keys(tool._files.collective) == sorted(kept)
        for file in kept:
            command = {"command": "view", "path": file}
            assert outcome(tool, command) == outcome(files, command)


def test_a_directory_of_more_files_than_a_commit_holds_can_be_deleted(tmp_path: Path) -> None:
    with pulsedb.Database(tmp_path / "memory", pulsedb.Config(embeddings="external", dimension=1, sync="fast")) as db:
        tool = MemoryTool(db)
        files = [f"/memories/many/{number}" for number in range(10_002)]
        for half in (files[:6000], files[6000:]):
            db.record_many(
                pulsedb.NewExperience("x", collective=tool._files.collective, embedding=[1.0], key=key) for key in half
            )
        call(tool, "delete", path="/memories/many")
        assert db.experiences(tool._files.collective) == []
