# SPDX-License-Identifier: LGPL-3.0-only
"""Every file of the add-ons' tools works alone, with no Odoo on the machine."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ADDONS = Path(__file__).resolve().parents[2] / "addons"
MODULES = ("recall_base", "recall_enterprise", "recall_service")
FOLDERS = [ADDONS / name / "tools" for name in MODULES]
FILES = sorted(
    path
    for folder in FOLDERS
    for path in folder.glob("*.py")
    if path.name != "__init__.py"
)
# The messages of one interface build on what all messages are made of.
BUILD_ON_MESSAGES = {path.name for path in FILES if path.stem.endswith("_messages")}
# The program that changes the file of keys builds on what reads it.
BUILD_ON_CIPHER = {"key_file.py"}
FORBIDDEN = {"odoo", "tools", "recall_base"} | {path.stem for path in FILES}

# Loads each file by its path, in an interpreter that knows no project folder, and
# answers with the error of each file that cannot be loaded.
LOADER = """
import importlib.util, json, os.path, sys, types

files, forbidden = json.loads(sys.argv[1])

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if path is None and name.partition(".")[0] in forbidden:
            raise ImportError(f"imports {name}")

sys.meta_path.insert(0, Blocker())
errors = {}
for number, file in enumerate(files):
    package = types.ModuleType(f"alone_{number}")
    package.__path__ = [os.path.dirname(file)]
    sys.modules[package.__name__] = package
    spec = importlib.util.spec_from_file_location(package.__name__ + ".tool", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        errors[file] = repr(error)
print(json.dumps(errors))
"""


def imported_names(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_tool_imports_neither_odoo_nor_its_neighbours(path):
    names = list(imported_names(path))
    allowed = {".messages"} if path.name in BUILD_ON_MESSAGES else set()
    if path.name in BUILD_ON_CIPHER:
        allowed, names = {"."}, [name for name in names if name != "cipher"]
    assert {name for name in names if name.startswith(".")} <= allowed
    assert [name for name in names if name.partition(".")[0] in FORBIDDEN] == []


def test_each_tool_loads_alone_where_there_is_no_odoo():
    argument = json.dumps([[str(path) for path in FILES], sorted(FORBIDDEN)])
    run = subprocess.run(
        [sys.executable, "-I", "-B", "-c", LOADER, argument],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_package_of_the_tools_does_nothing(folder):
    assert (folder / "__init__.py").read_text() == ""
