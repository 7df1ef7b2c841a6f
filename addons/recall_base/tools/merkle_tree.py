# SPDX-License-Identifier: LGPL-3.0-only
"""A Merkle tree (RFC 9162, 2.1) that is kept in few nodes and proves from few reads.

Kept are the leaves and the roots of complete subtrees of 256, 65,536, … leaves: 0.4 %
more rows than leaves. Whatever lies between is computed from at most 256 of these.
"""

from collections.abc import Callable, Iterator

#: Levels between two that are kept.
STEP = 8
WIDTH = 1 << STEP

Join = Callable[[bytes, bytes], bytes]
#: `read(level, first, count)` returns the kept hashes of a level, in their order.
Read = Callable[[int, int, int], list[bytes]]


class MerkleTree:
    """Roots and proofs of the tree whose kept hashes `read` returns."""

    def __init__(self, join: Join, read: Read):
        self._join = join
        self._read = read

    def grow(self, old: int, new: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield `(level, position, hash)` to be kept when the tree grows to `new`.

        The caller keeps the hashes of a level before it asks for the next one's.
        """
        level = STEP
        while new >> level:
            for position in range(old >> level, new >> level):
                yield level, position, self._complete(level, position)
            level += STEP

    def frontier(self, size: int) -> list[bytes]:
        """Return the roots of the complete subtrees of `size` leaves, left to right."""
        roots, start = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                roots.append(self._complete(level, start >> level))
                start += 1 << level
        return roots

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the path that proves leaf `index` (from 0) in the first `size`."""
        return self._path(index, 0, size)

    def consistency(self, older: int, newer: int) -> list[bytes]:
        """Return the path that proves the first `older` leaves a prefix of `newer`."""
        if not 0 < older < newer:
            return []
        return self._subproof(older, 0, newer, True)

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._root(middle, end)]
        return [*self._path(index, middle, end), self._root(start, middle)]

    def _subproof(self, older: int, start: int, end: int, whole: bool) -> list[bytes]:
        if older == end:
            return [] if whole else [self._root(start, end)]
        middle = start + _split(end - start)
        if older <= middle:
            path = self._subproof(older, start, middle, whole)
            return [*path, self._root(middle, end)]
        path = self._subproof(older, middle, end, False)
        return [*path, self._root(start, middle)]

    def _root(self, start: int, end: int) -> bytes:
        size = end - start
        if size & (size - 1) == 0:
            level = size.bit_length() - 1
            return self._complete(level, start >> level)
        middle = start + _split(size)
        return self._join(self._root(start, middle), self._root(middle, end))

    def _complete(self, level: int, position: int) -> bytes:
        """Return the root of the complete subtree at a place."""
        kept = max(level - 1, 0) // STEP * STEP
        width = 1 << (level - kept)
        row = self._read(kept, position * width, width)
        if len(row) != width:
            raise LookupError(f"{width - len(row)} hashes of level {kept} are gone")
        while len(row) > 1:
            pairs = zip(row[::2], row[1::2], strict=True)
            row = [self._join(left, right) for left, right in pairs]
        return row[0]


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
