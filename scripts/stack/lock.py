# SPDX-License-Identifier: LGPL-3.0-only
"""Locks that one process holds, until it lets go or ends, however it ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from .settings import StackError

PATIENCE = 3.0
PAUSE = 0.1


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock on a file; whoever comes meanwhile waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Lock:
    """A lock on a file; `taken` is what is said to those who come too late."""

    def __init__(self, path: Path, taken: str) -> None:
        self.path = path
        self.taken = taken
        self._file: TextIO | None = None

    @property
    def held(self) -> bool:
        """Whether it was taken by this object."""
        return self._file is not None

    def take(self) -> None:
        """Take it, if it is not held already.

        :raises StackError: when another does not let go of it within some seconds
        """
        if self.held:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("w")
        deadline = time.monotonic() + PATIENCE
        while not _try_lock(file):
            if time.monotonic() > deadline:
                file.close()
                raise StackError(self.taken)
            time.sleep(PAUSE)
        self._file = file

    def release(self) -> None:
        """Let go of it; does nothing when it is not held."""
        if self._file:
            self._file.close()
            self._file = None


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
