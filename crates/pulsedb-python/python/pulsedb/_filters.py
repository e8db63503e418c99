"""What a search of LangGraph wants: conditions on values and namespaces."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from langgraph.store.base import MatchCondition, SearchOp

from . import Experience, SearchFilter
from ._paths import is_own, prefix_of

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, other: bool(value == other),
    "$ne": lambda value, other: bool(value != other),
    "$gt": lambda value, other: float(value) > float(other),
    "$gte": lambda value, other: float(value) >= float(other),
    "$lt": lambda value, other: float(value) < float(other),
    "$lte": lambda value, other: float(value) <= float(other),
}


class Wanted:
    """What a search wants."""

    def __init__(self, op: SearchOp) -> None:
        self.prefix = prefix_of(op.namespace_prefix)
        self.filter = op.filter
        self.count = max(op.offset, 0) + max(op.limit, 0)

    def rows(self, domain: str) -> SearchFilter:
        """The part that the database decides."""
        return SearchFilter(domains=[domain], key_prefix=self.prefix or None)

    def holds(self, row: Experience) -> bool:
        """The part that is about the key and the value."""
        if not is_own(row.key):
            return False
        if not self.filter:
            return True
        value = json.loads(row.content)
        return all(holds(value.get(name), condition) for name, condition in self.filter.items())


def holds(value: Any, condition: Any) -> bool:
    """Whether a part of a value meets a condition: operators, or what it must be like."""
    if isinstance(condition, Mapping):
        if any(name.startswith("$") for name in condition):
            return all(_compared(value, name, other) for name, other in condition.items())
        return isinstance(value, Mapping) and all(holds(value.get(name), part) for name, part in condition.items())
    if isinstance(condition, (list, tuple)):
        return (
            isinstance(value, list)
            and len(value) == len(condition)
            and all(holds(one, other) for one, other in zip(value, condition))
        )
    return bool(value == condition)


def _compared(value: Any, name: str, other: Any) -> bool:
    if name not in OPERATORS:
        raise ValueError(f"{name} is no operator of a filter; use {', '.join(OPERATORS)}")
    try:
        return OPERATORS[name](value, other)
    except (TypeError, ValueError):
        # What is no number is neither more nor less.
        return False


def matches(condition: MatchCondition, namespace: tuple[str, ...]) -> bool:
    path = condition.path
    if len(namespace) < len(path):
        return False
    part = namespace[: len(path)] if condition.match_type == "prefix" else namespace[len(namespace) - len(path) :]
    return all(wanted in ("*", label) for wanted, label in zip(path, part))
