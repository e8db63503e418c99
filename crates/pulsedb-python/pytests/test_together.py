"""Python beside the command `pulsedb` and its server, on one database."""

import json
import multiprocessing
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pulsedb import Database

# Where `.ci/run` has built the command; without it, one that is installed.
COMMAND = os.environ.get("PULSEDB_COMMAND") or shutil.which("pulsedb") or ""
PYTHONS, SERVERS, COMMANDS, NOTES = 4, 2, 2, 10
ALL = (PYTHONS + SERVERS + COMMANDS) * NOTES


class Served:
    """A client of `pulsedb mcp`."""

    def __init__(self, directory: str) -> None:
        words = [COMMAND, "--db", directory, "mcp"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tester", "version": "1"}}
        self.ask("initialize", hello)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdout is not None
        self.send({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        for line in self.process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if answer.get("id") == 1:
                assert "result" in answer and not answer["result"].get("isError"), answer
                return answer["result"]  # type: ignore[no-any-return]
        raise AssertionError("the server has ended")

    def remember(self, content: str) -> str:
        arguments = {"collective": "project", "memories": [{"content": content}]}
        answer = self.ask("tools/call", {"name": "remember", "arguments": arguments})
        return str(answer["structuredContent"]["memories"][0]["id"])

    def end(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def record(directory: str, name: int) -> list[str]:
    with Database(directory) as db:
        project = db.collective("project")
        return [db.record(f"python {name}, note {number}", collective=project) for number in range(NOTES)]


def watch(directory: str) -> list[tuple[int, str]]:
    with Database(directory) as db, db.watch(db.collective("project"), since=0) as events:
        return [(event.sequence, event.experience) for _, event in zip(range(ALL), events)]


@pytest.mark.skipif(not COMMAND, reason="PULSEDB_COMMAND does not name the command `pulsedb`, and none is installed")
def test_python_servers_and_commands_lose_nothing_and_watchers_see_all_once(directory: Path) -> None:
    place = str(directory)

    def serve(name: int) -> list[str]:
        served = Served(place)
        ids = [served.remember(f"server {name}, note {number}") for number in range(NOTES)]
        served.end()
        return ids

    def command(name: int) -> list[str]:
        ids = []
        for number in range(NOTES):
            words = [COMMAND, "--db", place, "record", "-c", "project", f"command {name}, note {number}"]
            run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
            ids.append(run.stdout.strip())
        return ids

    with Database(directory) as db:
        project = db.collective("project")
        with multiprocessing.get_context("spawn").Pool(PYTHONS + 2) as pool, ThreadPoolExecutor() as threads:
            watchers = [pool.apply_async(watch, (place,)) for _ in range(2)]
            pythons = [pool.apply_async(record, (place, name)) for name in range(PYTHONS)]
            others = [threads.submit(serve, name) for name in range(SERVERS)]
            others += [threads.submit(command, name) for name in range(COMMANDS)]
            stored = [other.result(120) for other in others] + [python.get(120) for python in pythons]
            seen = [watcher.get(120) for watcher in watchers]
        recorded = {id for ids in stored for id in ids}
        assert len(recorded) == ALL
        assert {row.id for row in db.experiences(project, limit=1000)} == recorded
        for events in seen:
            numbers = [number for number, _ in events]
            assert numbers == sorted(set(numbers)) and {id for _, id in events} == recorded
        assert db.check().is_clean
