# SPDX-License-Identifier: LGPL-3.0-only
"""Databases that others are copied from, on servers that checkouts may share."""

from pathlib import Path

import pytest
from stack import database, settings
from stack.file_store import FileStore

MODULES = ["recall_base"]


class Server:
    """A database server that has any database."""

    def __init__(self, external: bool = False) -> None:
        self.external = external
        self.dropped: list[str] = []

    def exists(self, _name: str) -> bool:
        return True

    def drop_database(self, name: str) -> None:
        self.dropped.append(name)


def test_template_is_copied_without_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """`make clean` deletes files here, and no database of a server that is not ours."""
    monkeypatch.setenv("ODOO_DATA_DIR", str(tmp_path))
    server = Server(external=True)
    assert not database._can_be_copied(server, "template")
    assert server.dropped == ["template"]
    FileStore("template").folder.mkdir(parents=True)
    assert database._can_be_copied(server, "template")
    assert server.dropped == ["template"]


@pytest.mark.parametrize(("external", "names"), [(True, 2), (False, 1)])
def test_checkout_replaces_the_templates_of_another(
    monkeypatch: pytest.MonkeyPatch, external: bool, names: int
):
    """On a shared server each has its own, as the files of each are its own."""
    found = set()
    for root in ("/srv/one", "/srv/other"):
        monkeypatch.setattr(settings, "ROOT", Path(root))
        found.add(database._family("core", MODULES, Server(external)))
    assert len(found) == names
