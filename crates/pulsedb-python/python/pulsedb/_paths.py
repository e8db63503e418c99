"""Keys of the items of a LangGraph store, and the texts of their values as contents.

A path is the labels of a namespace, each with a slash behind it, and the key behind a colon; further texts of an item are
numbered behind a number sign. None of these marks is in what is quoted.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import quote, unquote

Namespace: TypeAlias = tuple[str, ...]

_MARKS = str.maketrans({mark: quote(mark, safe="") for mark in "/:#%;"})
# Halves of characters, which no UTF-8 has.
_SURROGATE = re.compile("[\ud800-\udfff]")


def path_of(namespace: Iterable[str], key: str) -> str:
    """The key of an item in the database."""
    return prefix_of(namespace) + ":" + _quoted(key)


def prefix_of(namespace: Iterable[str]) -> str:
    """What the paths of a namespace begin with."""
    return "".join(f"{_quoted(label)}/" for label in namespace)


def is_own(path: str | None) -> bool:
    """Whether a key may be a path: others may write into the collective of a store too."""
    labels, colon, name = (path or "").partition(":")
    return colon == ":" and ":" not in name and (labels == "" or labels.endswith("/"))


def namespace_of(prefix: str) -> Namespace:
    """The labels of a prefix."""
    return tuple(_unquoted(label) for label in prefix.split("/")[:-1])


def parted(path: str | None) -> tuple[Namespace, str]:
    """The namespace and the key of a path."""
    prefix, _, key = (path or "").rpartition(":")
    return namespace_of(prefix), _unquoted(key)


def storable(text: str) -> str:
    """A text as a content: an empty one, and one with halves of characters, as JSON."""
    return text if text and not _SURROGATE.search(text) else json.dumps(text)


def _quoted(text: str) -> str:
    """A label or a key without marks, in characters that the database keeps as they are."""
    if text.strip() == text and unicodedata.is_normalized("NFC", text) and not _SURROGATE.search(text):
        return text.translate(_MARKS)
    return quote(text, safe="", errors="surrogatepass")


def _unquoted(text: str) -> str:
    return unquote(text, errors="surrogatepass")
