"""What the Python module adds to a call of the library, and what calls take.

    python bench/python/calls.py [RECORDS]

The share of Python cannot be taken out of a call that does its work; it is bounded from above: by the same call where there is
nothing to do, in an empty collective, and by one that is refused after its arguments were read. Medians of rounds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from pulsedb import Config, Database, InvalidFieldError, NewExperience

ROUNDS, DIMENSION = 15, 384


def microseconds(call: Callable[[], object], calls: int) -> tuple[float, float]:
    """The medians of rounds of one call: by the clock, and of the processor in this thread, which a busy machine spoils less."""
    clock, processor = [], []
    for _ in range(ROUNDS):
        start, used = time.perf_counter(), time.thread_time()
        for _ in range(calls):
            call()
        processor.append((time.thread_time() - used) / calls * 1e6)
        clock.append((time.perf_counter() - start) / calls * 1e6)
    return statistics.median(clock), statistics.median(processor)


def main() -> None:
    """Prints a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    random = np.random.default_rng(7)
    rows = random.normal(size=(count, DIMENSION)).astype(np.float32)
    with tempfile.TemporaryDirectory() as place, Database(
        f"{place}/memory", Config(embeddings="external", dimension=DIMENSION)
    ) as db:
        empty, full = db.collective("empty"), db.collective("full")
        ids = db.record_many(
            NewExperience("x" * 500, collective=full, embedding=row, domain=["d"], tags={"t": "v"}, task="task")
            for row in rows
        )
        query = random.normal(size=DIMENSION).astype(np.float32)
        assert len(db.search(full, query)) == 10 and db.search(empty, query) == []
        found = db.get(ids[0])
        assert found is not None

        def refused() -> None:
            try:
                db.record("x" * 500, collective=full, embedding=query, domain=["d"], tags={"t": "v"}, importance=2)
            except InvalidFieldError:
                return
            raise AssertionError("it was not refused")

        def recorded() -> None:
            db.record("x" * 500, collective=full, embedding=query, domain=["d"], tags={"t": "v"}, task="task")

        def read() -> None:
            for hit in hits:
                _ = (hit.similarity, hit.experience.id, hit.experience.content, hit.experience.timestamp)

        hits = db.search(full, query)
        objects = microseconds(lambda: db.search(full, query), 200)
        arrays = microseconds(lambda: db.search_ids(full, query), 200)
        figures = [
            ("search, nothing to find", microseconds(lambda: db.search(empty, query), 500)),
            ("search_ids, nothing to find", microseconds(lambda: db.search_ids(empty, query), 500)),
            ("search, 10 hits", objects),
            ("search_ids, 10 hits", arrays),
            ("10 hits as objects instead of arrays", (objects[0] - arrays[0], objects[1] - arrays[1])),
            ("id, content, score and time of 10 hits", microseconds(read, 200)),
            ("get", microseconds(lambda: db.get(ids[0]), 1000)),
            ("embedding of an experience", microseconds(lambda: found.embedding, 1000)),
            ("record that is refused", microseconds(refused, 500)),
            ("record, durable", microseconds(recorded, 20)),
        ]
    print(f"| {count} records of {DIMENSION} dimensions | us | us of the processor |\n|---|---|---|")
    for name, (clock, processor) in figures:
        print(f"| {name} | {clock:.3g} | {processor:.3g} |")


if __name__ == "__main__":
    main()
