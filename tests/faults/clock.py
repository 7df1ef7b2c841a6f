# SPDX-License-Identifier: LGPL-3.0-only
"""The clock of all machines of a stack, which may be put forward and back."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import libfaketime
from stack.stack import Stack

LIBRARY = "libfaketime/src/libfaketime.so.1"


class Clock:
    """Says what programs that are started with its environment take for the time.

    Time that is measured and not told (`CLOCK_MONOTONIC`) goes on undisturbed.
    """

    def __init__(self, folder: Path) -> None:
        library = Path(libfaketime.__file__).with_name("vendor") / LIBRARY
        self._file = folder / "clock"
        self.put("+0")
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def put(self, offset: str) -> None:
        """Have it differ from the true time: `+1d`, `-90m`, `+0`."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset}\n")
        fresh.chmod(0o644)
        fresh.replace(self._file)


@contextmanager
def clock_of(stack: Stack) -> Iterator[Clock]:
    """Start all servers of a stack again under a clock, and without it at the end."""
    clock = Clock(stack.cluster.home)
    try:
        _restart(stack, clock.environment)
        yield clock
    finally:
        _restart(stack, {})


def _restart(stack: Stack, environment: dict[str, str]) -> None:
    stack.stop(database_server=False)
    stack.cluster.stop()
    with _variables(environment):
        stack.cluster.start()
        stack.start()


@contextmanager
def _variables(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]
            if name in before:
                os.environ[name] = before[name]
