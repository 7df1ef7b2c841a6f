# SPDX-License-Identifier: LGPL-3.0-only
"""`make translations`: bring i18n/*.pot and zh_CN.po in line with the sources.

What was translated stays, terms that are gone go, and terms without a translation are
listed. A JSON file {"module": {"term": "translation"}} given as argument fills them, or
replaces what is there.
"""

import json
import sys
from pathlib import Path

import polib
from stack.cluster import Cluster
from stack.database import Database, own_modules
from stack.settings import ADDONS, TEST_ADDONS, StackError

LANGUAGE = "zh_CN"
# Terms that are written the same in both languages: a file leaves them empty.
SAME = TEST_ADDONS / "test_recall_full" / "tests" / "same_terms.json"
EXPORT = """
import io
from odoo.tools.translate import trans_export

result = {}
for module in values["modules"]:
    stream = io.BytesIO()
    trans_export(False, [module], stream, "po", env)
    result[module] = stream.getvalue().decode()
"""
# Terms of fields that website and SMS add to records with a chatter: theirs to say.
OF_CORE = {
    "Website Messages",
    "Website communication history",
    "SMS Delivery error",
}


def main() -> int:
    """Write the files; 1 when a term lacks its translation."""
    given = json.loads(Path(sys.argv[1]).read_text()) if sys.argv[1:] else {}
    modules = [name for name in sorted(own_modules()) if (ADDONS / name).exists()]
    cluster = Cluster()
    cluster.start()
    try:
        templates = export(cluster, modules)
    except StackError as error:
        print(f"translations: {error}", file=sys.stderr)
        return 1
    finally:
        cluster.stop_unless_used()
    lacking = [
        f"{module}: {term}"
        for module in modules
        for term in bring_up_to_date(module, templates[module], given.get(module, {}))
    ]
    print(*lacking, sep="\n")
    print(f"{len(lacking)} terms without a translation")
    return int(bool(lacking))


def export(cluster: Cluster, modules: list[str]) -> dict[str, str]:
    """The terms of each add-on, as text of a .pot file."""
    database = Database(cluster, "recall_translations")
    database.make(modules)
    try:
        return database.shell(EXPORT, modules=modules)
    finally:
        database.drop()


def bring_up_to_date(module: str, template: str, given: dict[str, str]) -> list[str]:
    """Write both files of an add-on; returns the terms that lack a translation."""
    folder = ADDONS / module / "i18n"
    folder.mkdir(exist_ok=True)
    path = folder / f"{LANGUAGE}.po"
    before = polib.pofile(str(path)) if path.exists() else []
    known = {entry.msgid: entry.msgstr for entry in before if entry.msgstr} | given
    same = json.loads(SAME.read_text())
    catalogue = polib.pofile(template)
    for entry in [entry for entry in catalogue if entry.msgid in OF_CORE]:
        catalogue.remove(entry)
    catalogue.save(str(folder / f"{module}.pot"))
    for entry in catalogue:
        entry.msgstr = "" if entry.msgid in same else known.get(entry.msgid, "")
    catalogue.metadata |= {
        "Language": LANGUAGE,
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    catalogue.save(str(path))
    return [e.msgid for e in catalogue if not e.msgstr and e.msgid not in same]


if __name__ == "__main__":
    raise SystemExit(main())
