"""Lists of texts in a collective, under names of any length: what the stores of conversations have in common."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import Database, Experience, NewExperience, NotFoundError, SearchFilter

# The most rows that one call of the database reads, and that one changes.
ROWS_MAX, CHANGES_MAX = 1000, 10_000
# Bytes of a text that one record holds; longer ones are cut. The database takes a little more.
PART_BYTES = 100_000
# Bytes of a name that is also the task of its records, by which searches know what belongs together.
TASK_BYTES_MAX = 256


@dataclass(frozen=True)
class Entry:
    """A text of a list, and the records that hold it."""

    text: str
    ids: list[str]


def digest(*names: str) -> str:
    """A key for names, whatever is in them: one of a fixed length for each."""
    parts = (hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:40] for name in names)
    return "/".join(parts)


def records(
    collective: str, place: str, entries: Iterable[tuple[str | None, str]], *, agent: str, task: str
) -> Iterator[NewExperience]:
    """What is recorded for texts that are added to a list. One that has a name takes the place of the one of that name."""
    fits = len(task.encode("utf-8", "surrogatepass")) <= TASK_BYTES_MAX and task.strip() == task != ""
    for name, text in entries:
        key = f"{place}/{digest(name) if name is not None else uuid.uuid4().hex}"
        parts = list(cut(text))
        for number, part in enumerate(parts):
            yield NewExperience(
                part,
                collective=collective,
                key=f"{key}#{number}",
                agent=agent,
                task=task if fits else None,
                tags={"part": f"{number + 1}/{len(parts)}"},
            )


def entries(db: Database, collective: str, place: str) -> list[Entry]:
    """The texts of a list, in the order in which they were added."""
    rows = sorted(rows_below(db, collective, f"{place}/"), key=lambda row: row.id)
    found: list[Entry] = []
    for row in rows:
        if row.tags["part"].startswith("1/"):
            found.append(Entry(row.content, [row.id]))
        elif found:
            # The parts of a text were recorded in a row.
            found[-1] = Entry(found[-1].text + row.content, [*found[-1].ids, row.id])
    return found


def rows_below(db: Database, collective: str, prefix: str) -> list[Experience]:
    """The records whose keys begin so."""
    rows = db.recent(collective, ROWS_MAX, filter=SearchFilter(key_prefix=prefix))
    if len(rows) < ROWS_MAX:
        return rows
    # There may be more than one call gives.
    found: list[Experience] = []
    after = None
    while True:
        keys = db.keys(collective, prefix, after=after, limit=ROWS_MAX)
        found += (row for key in keys if (row := db.get_by_key(collective, key)) is not None)
        if len(keys) < ROWS_MAX:
            return found
        after = keys[-1]


def delete(db: Database, ids: Iterable[str]) -> bool:
    """Deletes records in one commit; false if one of them is gone already, and so none was deleted."""
    try:
        db.delete_many(ids)
    except NotFoundError:
        return False
    return True


def delete_all(db: Database, ids: list[str]) -> None:
    """Deletes records that are still there, as many in a commit as can be."""
    for start in range(0, len(ids), CHANGES_MAX):
        some = ids[start : start + CHANGES_MAX]
        if not delete(db, some):
            for id in some:
                delete(db, [id])


def json_of(value: object) -> str:
    """A value as JSON; halves of characters, which no text of the database may hold, are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def cut(text: str) -> Iterator[str]:
    """Parts that one record can hold each; a short text is one part."""
    at = 0
    while at < len(text) or at == 0:
        # A character has at most four bytes.
        end = at + PART_BYTES // 4
        while end < len(text) and len(text[at : end + 1000].encode()) <= PART_BYTES:
            end += 1000
        yield text[at:end]
        at = end
