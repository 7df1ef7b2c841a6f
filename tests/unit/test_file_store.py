# SPDX-License-Identifier: LGPL-3.0-only
"""The files of a database while a server goes on writing and deleting them."""

import hashlib
import tarfile
from pathlib import Path

import pytest
from stack.file_store import FileStore

CONTENT = b"notice of the recall " * 1000
NAME = hashlib.sha1(CONTENT).hexdigest()
NAME = f"{NAME[:2]}/{NAME}"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    monkeypatch.setenv("ODOO_DATA_DIR", str(tmp_path))
    store = FileStore("kept")
    (store.folder / NAME).parent.mkdir(parents=True)
    return store


def copy(store: FileStore, archive: Path, meanwhile: bytes | None) -> set[str]:
    """Archive the files twice, as a backup does; between, one gets all its content."""
    whole = set()
    with tarfile.open(archive, "w") as files:
        store.add_to(files, whole)
        if meanwhile is not None:
            (store.folder / NAME).write_bytes(meanwhile)
        store.add_to(files, whole)
    return whole


@pytest.mark.parametrize("first", [None, b"", CONTENT[:-1], CONTENT])
def test_file_that_is_being_written_is_backed_up_in_part(
    store: FileStore, tmp_path: Path, first: bytes | None
):
    """M-KEEP: the record that names it may be committed before the dump begins."""
    if first is not None:
        (store.folder / NAME).write_bytes(first)
    archive = tmp_path / "files.tar"
    assert copy(store, archive, CONTENT) == {NAME}
    restored = FileStore("restored")
    restored.extract(archive)
    assert restored.lacking([NAME]) == []
    assert (restored.folder / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT[:-1] + b"x"])
def test_damaged_file_counts_as_kept(store: FileStore, tmp_path: Path, content: bytes):
    """M-KEEP: neither the backup nor the proof takes another content for it."""
    (store.folder / NAME).write_bytes(content)
    assert copy(store, tmp_path / "files.tar", None) == set()
    assert store.lacking([NAME, "00/none"]) == ["00/none", NAME]


def test_store_that_is_not_there_is_a_fault_of_the_program(
    store: FileStore, tmp_path: Path
):
    """M-KEEP: it has no files; what the database names is lacking then."""
    elsewhere = FileStore("elsewhere")
    assert copy(elsewhere, tmp_path / "files.tar", None) == set()
    assert elsewhere.lacking([NAME]) == [NAME]
