"""Conditions of LangGraph on values and namespaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langgraph.store.base import MatchCondition

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, other: bool(value == other),
    "$ne": lambda value, other: bool(value != other),
    "$gt": lambda value, other: float(value) > float(other),
    "$gte": lambda value, other: float(value) >= float(other),
    "$lt": lambda value, other: float(value) < float(other),
    "$lte": lambda value, other: float(value) <= float(other),
}


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
