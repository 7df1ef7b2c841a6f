# SPDX-License-Identifier: LGPL-3.0-only
"""One long list in a JSON file, read item by item: `{"plans": [{...}, {...}]}`.

`find_list` tells where the list begins; `read` yields its items as they stand, from
there or from any place that an earlier reading reached. Memory is bounded by the
largest item. What an item says is not looked at here: whoever decodes it refuses it
without harm to the others.
"""

import json
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

#: Bytes of one item, as of a whole message of the interface.
MAX_ITEM = 16 << 20

_BLOCK = 1 << 20
_TAIL = 4096
# A lone quotation mark opens a string whose end has not been read yet.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{}]', re.S)
_BLANKS = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb'[^\s,:"\[\]{}]*')


class ListError(Exception):
    """A file holds no list that can be read. `code` says why, `facts` where."""

    def __init__(self, code: str, **facts: object):
        super().__init__(f"{code} {facts or ''}".strip())
        self.code = code
        self.facts = facts


class Item(NamedTuple):
    """An item as it stands; `offset` is where the file goes on behind it."""

    number: int  # from 1
    text: bytes
    offset: int


def find_list(file: BinaryIO, name: str) -> int:
    """Offset of the first item of the list that is the member `name`.

    :param file: seekable
    :raises ListError: empty, json_encoding, json_list, json_cut
    """
    file.seek(0)
    start = file.read(_TAIL)
    if not start.strip():
        raise ListError("empty")
    if start.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
        raise ListError("json_encoding")
    offset = _find_member(_Scanner(file, 0), name)
    file.seek(-min(file.seek(0, 2), _TAIL), 2)
    if not file.read().rstrip().endswith(b"}"):
        raise ListError("json_cut")
    return offset


def _find_member(scanner: "_Scanner", name: str) -> int:
    if scanner.peek() != b"{":
        raise ListError("json_list")
    mark = b","
    scanner.skip()
    while mark == b"," and scanner.peek() == b'"':
        key = _read_name(scanner.value())
        if scanner.peek() != b":":
            break
        scanner.skip()
        if key == name and scanner.peek() == b"[":
            scanner.skip()
            if scanner.peek() not in (b"]", b""):
                return scanner.tell()
            break
        scanner.value()
        mark = scanner.peek()
        scanner.skip()
    raise ListError("json_list")


def _read_name(text: bytes) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise ListError("json_list") from None


def read(file: BinaryIO, offset: int, after: int = 0) -> Iterator[Item]:
    """Yield the items of a list.

    :param offset: what `find_list` gave, or `Item.offset` of the last one read
    :param after: number of the last item read
    :raises ListError: json_cut, json_damaged, item_too_large; facts name the `row`
    """
    scanner = _Scanner(file, offset)
    number = after
    while (mark := scanner.peek()) != b"]":
        if number:
            if mark != b",":
                code = "json_damaged" if mark else "json_cut"
                raise ListError(code, row=number + 1)
            scanner.skip()
        number += 1
        try:
            text = scanner.value()
        except ListError as error:
            error.facts.setdefault("row", number)
            raise
        yield Item(number, text, scanner.tell())


class _Scanner:
    """Goes over JSON in a file, value by value, without understanding it."""

    def __init__(self, file: BinaryIO, offset: int):
        file.seek(offset)
        self._file = file
        self._base = offset  # of the buffer in the file
        self._buffer = bytearray()
        self._index = 0

    def tell(self) -> int:
        return self._base + self._index

    def peek(self) -> bytes:
        """The next byte that is not blank, or nothing at the end of the file."""
        while True:
            self._index = _BLANKS.match(self._buffer, self._index).end()
            if self._index < len(self._buffer):
                return bytes(self._buffer[self._index : self._index + 1])
            if not self._fill():
                return b""

    def skip(self) -> None:
        self._index += 1

    def value(self) -> bytes:
        """Pass the next value and return it."""
        if self.peek() in (b'"', b"{", b"["):
            length = self._measure()
        else:
            length = self._measure_scalar()
        text = bytes(self._buffer[self._index : self._index + length])
        self._index += length
        return text

    def _measure(self) -> int:
        """Length of the string, list or object that begins here."""
        depth, length = 0, 0
        while True:
            match = _TOKEN.search(self._buffer, self._index + length)
            token = match[0][:1] if match else b""
            if not match or match[0] == b'"':
                # What was passed is not looked at again, but for an open string.
                at = match.start() if match else len(self._buffer)
                length = at - self._index
                if not self._fill():
                    raise ListError("json_cut")
                continue
            length = match.end() - self._index
            depth += (token in (b"{", b"[")) - (token in (b"}", b"]"))
            if depth <= 0:
                return length

    def _measure_scalar(self) -> int:
        while True:
            end = _SCALAR.match(self._buffer, self._index).end()
            if end < len(self._buffer) or not self._fill():
                break
        if end == self._index:
            raise ListError("json_damaged" if end < len(self._buffer) else "json_cut")
        return end - self._index

    def _fill(self) -> bool:
        """Read on, and forget what lies before the present place."""
        del self._buffer[: self._index]
        self._base += self._index
        self._index = 0
        if len(self._buffer) > MAX_ITEM:
            raise ListError("item_too_large", limit=MAX_ITEM >> 20)
        block = self._file.read(_BLOCK)
        self._buffer += block
        return bool(block)
