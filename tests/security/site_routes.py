# SPDX-License-Identifier: LGPL-3.0-only
"""The approved routes of the product, with addresses under which each is reached."""

import ast
import csv
import re
from dataclasses import dataclass
from itertools import chain
from urllib.parse import quote

from stack.settings import TEST_ADDONS
from test_sources import parse_sources

ROUTES = TEST_ADDONS / "test_recall_full" / "tests" / "routes.csv"
PART = re.compile(r"<(?:(?P<converter>\w+)(?:\((?P<options>[^)]*)\))?:)?(?P<name>\w+)>")
#: Texts in forms that are read elsewhere than in the controllers.
READERS = (
    "recall_service/tools/objection_form.py",
    "recall_service/models/recall_data_application_ask.py",
    "recall_service/models/recall_lookup_guard.py",
)


@dataclass(frozen=True)
class Route:
    """A row of ``routes.csv``."""

    path: str
    module: str
    controller: str
    type: str
    auth: str
    csrf: bool
    methods: tuple[str, ...]

    @property
    def changes(self) -> bool:
        return not set(self.methods) <= {"GET", "HEAD"}

    def fill(self, site, **texts: str) -> str:
        """The path with what stands in the database; ``texts`` replace its parts."""

        def choose(part: re.Match) -> str:
            name = part["name"]
            if name in texts:
                return quote(texts[name], safe="")
            return str(self._find(site, name, part))

        return PART.sub(choose, self.path)

    def _find(self, site, name: str, part: re.Match) -> object:
        if part["converter"] == "any":
            return part["options"].split(",")[0]
        for start, value in site.held.paths.items():
            if name == start or (name == "job_id" and start in self.path):
                return value
        return 1

    def text_parts(self) -> list[str]:
        """Parts of the path that take any text."""
        parts = PART.finditer(self.path)
        return [p["name"] for p in parts if p["converter"] in (None, "string")]


def read_routes() -> list[Route]:
    """The routes that are ours."""
    with ROUTES.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["module"].startswith("rec")]
    return [
        Route(
            row["path"],
            row["module"],
            row["controller"],
            row["type"],
            row["auth"],
            row["csrf"] == "True",
            tuple(row["methods"].split()),
        )
        for row in rows
    ]


def form_members() -> dict[str, set[str]]:
    """Names of parameters that the sources read, by the name of the controller.

    Whatever is read elsewhere, is read for every one of them.
    """
    found: dict[str, set[str]] = {"": set()}
    for path, tree in parse_sources():
        if str(path) in READERS:
            found[""] |= set(_texts(tree))
        if "controllers" in path.parts:
            for item in tree.body:
                if isinstance(item, ast.ClassDef):
                    found[item.name] = set(_texts(tree))
    return found


def _texts(tree: ast.Module) -> chain:
    """Short words in a source that can be names of members, and arguments."""
    words = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z_]{1,20}", node.value)
    )
    arguments = (node.arg for node in ast.walk(tree) if isinstance(node, ast.arg))
    return chain(words, arguments)
