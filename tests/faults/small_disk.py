# SPDX-License-Identifier: LGPL-3.0-only
"""A file system that is small enough to be filled up."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FILLER = "filler"


class SmallDisk:
    """A file system in memory of some megabytes, mounted at a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leave no byte: whatever is written from now on meets ENOSPC."""
        with (self.folder / FILLER).open("wb", buffering=0) as stream:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while stream.write(bytes(size)):
                        pass
                except OSError:
                    continue

    def clear(self) -> None:
        """Give back what `fill` took, as whoever looks after the machine does."""
        (self.folder / FILLER).unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, megabytes: int, owner: str) -> Iterator[SmallDisk]:
    """Mount a small disk; the test is skipped where nothing may be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "faults"]
    done = subprocess.run([*command, str(folder)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode()}")
    try:
        shutil.chown(folder, owner)
        folder.chmod(0o700)
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
