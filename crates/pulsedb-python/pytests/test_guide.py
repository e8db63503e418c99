"""What the documents show runs as it stands."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CRATE = Path(__file__).parent.parent
PAGES = [CRATE / "README.md", CRATE.parent.parent / "docs" / "python.md"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_python_runs(page: Path, elsewhere: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    # Twice: a reader may come back to the databases of the first time.
    for _ in range(2):
        names: dict[str, object] = {}
        for number, block in enumerate(blocks, 1):
            exec(compile(block, f"{page.name}, block {number}", "exec"), names)


def test_every_store_is_named_in_the_guide_with_its_extra_and_its_collective() -> None:
    guide = PAGES[1].read_text(encoding="utf-8")
    extras = re.findall(r"^([a-z-]+) = \[", (CRATE / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    modules = sorted(path.stem for path in (CRATE / "python" / "pulsedb").glob("[a-z]*.py"))
    assert len(modules) == 7
    for module in modules:
        text = (CRATE / "python" / "pulsedb" / f"{module}.py").read_text(encoding="utf-8")
        (extra,) = re.findall(r"the extra `([a-z-]+)`", text)
        (names,) = re.findall(r"^__all__ = \[(.*)\]", text, re.MULTILINE)
        collectives = re.findall(r'collective: str = (?:Field\(default=)?"([a-z-]+)"', text)
        assert extra in extras and f"`{extra}`" in guide or module == "langgraph"
        assert all(name.strip('" ') in guide for name in names.split(","))
        assert collectives and (all(f"`{name}`" in guide for name in collectives) or module == "langgraph")
        assert (CRATE / "adapters" / f"test_{module}.py").exists()


def test_the_example_of_three_agents_solves_every_task_once() -> None:
    script = CRATE / "examples" / "agents.py"
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True)
    solved = [line.partition(": solved: ")[2] for line in run.stdout.splitlines()]
    assert sorted(solved) == sorted(
        ["the login page is slow", "invoices lack the tax number", "the search ignores accents", "backups take all night"]
    )


def test_everything_that_the_module_offers_is_described() -> None:
    import pulsedb

    for name in pulsedb.__all__:
        offered = getattr(pulsedb, name)
        if not isinstance(offered, type) or name in ("Id", "Query"):
            continue
        assert offered.__doc__, name
        for part, value in vars(offered).items():
            if not part.startswith("_") and (callable(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{part}"
