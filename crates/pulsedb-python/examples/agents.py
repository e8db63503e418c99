"""Three agents in three processes work on one list of tasks.

The one who plans writes tasks down and waits until each is solved; two who work follow the tasks, take the one that no other has
taken, and record what they found out. They share nothing but the directory of the database.

    python crates/pulsedb-python/examples/agents.py
"""

from __future__ import annotations

import multiprocessing
import tempfile

from pulsedb import Database, Difficulty, InvalidFieldError, Solution

TASKS = [
    "the login page is slow",
    "invoices lack the tax number",
    "the search ignores accents",
    "backups take all night",
]
WORKERS = ["ada", "bob"]


def work(directory: str, name: str) -> None:
    """Solves tasks until all are solved."""
    with Database(directory) as db:
        team = db.collective("team")
        db.register_activity(team, name, task="solving what comes up")
        # From the beginning of the log, so that no task is missed that was written down before this process ran.
        tasks = db.watch(team, since=0, types=["difficulty"])
        for _, event in zip(TASKS, tasks):
            task = db.get(event.experience)
            if task is None:
                continue
            try:
                # Who writes this down first has the task: under one key the same content is refused.
                db.record(f"taken: {task.id}", collective=team, agent=name, key=f"taken/{task.id}", duplicate="refuse")
            except InvalidFieldError:
                continue
            solved = Solution("thought about it", True, problem=task.id)
            db.record(f"solved: {task.content}", collective=team, agent=name, type=solved)
        db.end_activity(team, name)


def main() -> None:
    """Plans, and tells what was found out."""
    with tempfile.TemporaryDirectory() as place:
        directory = f"{place}/memory"
        spawn = multiprocessing.get_context("spawn")
        with Database(directory) as db:
            team = db.collective("team")
            solutions = db.watch(team, types=["solution"])
            workers = [spawn.Process(target=work, args=(directory, name)) for name in WORKERS]
            for worker in workers:
                worker.start()
            for task in TASKS:
                db.record(task, collective=team, type=Difficulty(task), agent="planner")
            for _, event in zip(TASKS, solutions):
                solution = db.get(event.experience)
                if solution is not None:
                    print(f"{solution.agent}: {solution.content}")
            for worker in workers:
                worker.join()


if __name__ == "__main__":
    main()
