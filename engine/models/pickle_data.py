# SPDX-FileCopyrightText: 2026 Zero123 for Blender authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a pickle as data: nothing that it names is imported, created or called.

A pickle is a program for a stack machine. This implementation builds only numbers, strings, tuples,
lists and dictionaries. Every class, function and other object is replaced by a `Description` with
its name and its arguments. Source: Python's pickletools.py, which decodes the opcodes. Standard
library only.
"""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Callable
from typing import Any, Protocol

_SKIPPED = frozenset({"PROTO", "FRAME", "STOP"})
_MEMO_PUT = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_MEMO_GET = frozenset({"GET", "BINGET", "LONG_BINGET"})
_GLOBALS = frozenset({"GLOBAL", "STACK_GLOBAL"})
_REFUSED = frozenset({"EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"})
"""Opcodes that refer to something outside the pickle."""
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MAPPINGS = ("collections.OrderedDict", "collections OrderedDict")


class Readable(Protocol):
    """The methods of a binary file that the reader of a pickle needs."""

    def read(self, count: int, /) -> bytes: ...

    def readline(self) -> bytes: ...


class Description:
    """An inert description of a class, function or object that a pickle names."""

    __slots__ = ("arguments", "name")

    def __init__(self, name: str, arguments: tuple[Any, ...] = ()) -> None:
        self.name = name
        """Module and name, such as "torch._utils._rebuild_tensor_v2"."""
        self.arguments = arguments
        """The arguments with which it would be called."""


class PersistentId:
    """A reference to data outside of the pickle; torch.save uses it for storages."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class PickleReader:
    """The stack machine. Each instance reads one pickle."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        """Every class and function that the pickle names."""
        self.references: list[Any] = []
        """Every reference to data outside of the pickle."""
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def read(self, file: Readable) -> Any:
        """The pickle's content. Afterwards the file is positioned at the pickle's end.

        Raises:
            pickle.UnpicklingError, ValueError, LookupError, TypeError: if it is damaged.
        """
        for opcode, argument, _ in pickletools.genops(file):  # type: ignore[arg-type]
            self._step(opcode.name, argument)
        if len(self._stack) != 1:
            raise pickle.UnpicklingError("the pickle leaves more than one object")
        return self._stack[0]

    def _step(self, name: str, argument: Any) -> None:
        """Carry out one opcode."""
        stack = self._stack
        if name in _SKIPPED:
            return
        if name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif name in _MEMO_PUT:
            self._memo[int(argument)] = stack[-1]
        elif name in _MEMO_GET:
            stack.append(self._memo[int(argument)])
        elif name in _TUPLES:
            stack.append(tuple(self._pop(_TUPLES[name])))
        elif name in _GLOBALS:
            self._global(" ".join(map(str, self._pop(2))) if argument is None else argument)
        elif name in _REFUSED:
            raise pickle.UnpicklingError(f"the pickle refers to an object outside it ({name})")
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif argument is not None:  # all other opcodes push the number or string that they contain
            stack.append(argument)
        else:
            raise pickle.UnpicklingError(f"unknown opcode {name}")

    def _pop(self, count: int) -> list[Any]:
        """Remove and return the last `count` objects above the last mark."""
        start = len(self._stack) - count
        if start < (self._marks[-1] if self._marks else 0):
            raise pickle.UnpicklingError("the pickle takes an object from an empty stack")
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _pop_mark(self) -> list[Any]:
        """Remove and return all objects above the last mark."""
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _global(self, name: str) -> None:
        dotted = name.replace(" ", ".")
        self.names.add(dotted)
        self._stack.append(Description(dotted))

    def _describe(self, called: Any, *arguments: Any) -> None:
        """Push the result of a call: a description, or a dictionary for an OrderedDict."""
        if not isinstance(called, Description):
            called = Description("")
        given = arguments[0] if len(arguments) == 1 else arguments
        if called.name in _MAPPINGS:
            self._stack.append(dict(*given))
            return
        self._stack.append(Description(called.name,
                                       given if isinstance(given, tuple) else (given,)))

    def _refer(self, value: Any) -> None:
        self.references.append(value)
        self._stack.append(PersistentId(value))

    def _set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, dict):
            target.update(_paired(items))

    def _extend(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, list):
            target.extend(items)


def _paired(items: list[Any]) -> dict[Any, Any]:
    """A dictionary from a list of alternating keys and values."""
    return dict(zip(items[::2], items[1::2], strict=True))


def _instance(reader: PickleReader, argument: str) -> None:
    items = reader._pop_mark()
    reader._global(argument)
    reader._describe(reader._pop(1)[0], tuple(items))


def _object(reader: PickleReader, argument: None) -> None:
    called, *items = reader._pop_mark()
    reader._describe(called, tuple(items))


_ACTIONS: dict[str, Callable[[PickleReader, Any], object]] = {
    "MARK": lambda reader, _: reader._marks.append(len(reader._stack)),
    "POP": lambda reader, _: (
        reader._marks.pop() if reader._marks[-1:] == [len(reader._stack)] else reader._pop(1)),
    "POP_MARK": lambda reader, _: reader._pop_mark(),
    "DUP": lambda reader, _: reader._stack.append(reader._stack[-1]),
    "EMPTY_LIST": lambda reader, _: reader._stack.append([]),
    "EMPTY_DICT": lambda reader, _: reader._stack.append({}),
    "EMPTY_SET": lambda reader, _: reader._stack.append(Description("builtins.set")),
    "FROZENSET": lambda reader, _: reader._stack.append(
        Description("builtins.frozenset", tuple(reader._pop_mark()))),
    "TUPLE": lambda reader, _: reader._stack.append(tuple(reader._pop_mark())),
    "LIST": lambda reader, _: reader._stack.append(reader._pop_mark()),
    "DICT": lambda reader, _: reader._stack.append(_paired(reader._pop_mark())),
    "APPEND": lambda reader, _: reader._extend(reader._pop(1)),
    "APPENDS": lambda reader, _: reader._extend(reader._pop_mark()),
    "ADDITEMS": lambda reader, _: reader._pop_mark(),
    "SETITEM": lambda reader, _: reader._set_items(reader._pop(2)),
    "SETITEMS": lambda reader, _: reader._set_items(reader._pop_mark()),
    "REDUCE": lambda reader, _: reader._describe(*reader._pop(2)),
    "NEWOBJ": lambda reader, _: reader._describe(*reader._pop(2)),
    "NEWOBJ_EX": lambda reader, _: reader._describe(*reader._pop(3)[:2]),
    "BUILD": lambda reader, _: reader._pop(1),
    "INST": _instance,
    "OBJ": _object,
    "PERSID": lambda reader, argument: reader._refer(argument),
    "BINPERSID": lambda reader, _: reader._refer(reader._pop(1)[0]),
}
"""The actions of all opcodes that neither push a constant nor use the memo."""
