# SPDX-License-Identifier: LGPL-3.0-only
"""The files that belong to a database: Odoo's file store, copied and proven."""

import contextlib
import hashlib
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from .settings import data_dir

NAMED = "SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL"


class FileStore:
    """The folder in which Odoo keeps the contents of a database's attachments.

    A file's name is the SHA-1 of its content. It is written before the record that
    names it is committed, and deleted only when no record names it any more.
    """

    def __init__(self, database: str) -> None:
        self.folder = data_dir() / "filestore" / database

    def add_to(self, archive: tarfile.TarFile, whole: set[str]) -> None:
        """Add each file that is not in `whole`, and name there what its name proves.

        What was being written meanwhile is not: the next call adds it once more.
        """
        for path in sorted(self.folder.rglob("*")):
            name = str(path.relative_to(self.folder))
            # Odoo may delete one while the others are copied.
            with contextlib.suppress(FileNotFoundError):
                if (
                    name not in whole
                    and path.is_file()
                    and _add(archive, path, name) == path.name
                ):
                    whole.add(name)

    def extract(self, archive: Path) -> None:
        """Make the folder with the files of an archive."""
        self.folder.mkdir(parents=True)
        with tarfile.open(archive) as files:
            files.extractall(self.folder, filter="data")

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that are missing here, or have another content."""
        return sorted(name for name in names if not self._is_whole(name))

    def _is_whole(self, name: str) -> bool:
        path = self.folder / name
        try:
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha1").hexdigest() == path.name
        except FileNotFoundError:
            return False


def named_files(cursor: Any) -> set[str]:
    """Names of all files that records of a database need."""
    cursor.execute(NAMED)
    return {name for (name,) in cursor.fetchall()}


class _Digested:
    """A file whose bytes are digested as they are read."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.sha1 = hashlib.sha1(usedforsecurity=False)

    def read(self, size: int) -> bytes:
        part = self.stream.read(size)
        self.sha1.update(part)
        return part


def _add(archive: tarfile.TarFile, path: Path, name: str) -> str:
    """Add a file to an archive; returns the digest of what was added."""
    with path.open("rb") as stream:
        digested = _Digested(stream)
        archive.addfile(archive.gettarinfo(arcname=name, fileobj=stream), digested)
    return digested.sha1.hexdigest()
