# SPDX-License-Identifier: LGPL-3.0-only
"""What a visitor writes into the form of an objection."""

import datetime
import unicodedata
from collections.abc import Mapping

#: Characters of a text that are kept.
MOST = {"workshop": 120, "repair_number": 64}
#: No recall is older.
EARLIEST = datetime.date(2000, 1, 1)


def clean_line(text: object) -> str:
    """Return a text as one line without blanks around and without control marks."""
    if not isinstance(text, str):
        return ""
    shown = (
        " " if unicodedata.category(char)[0] in "ZC" else char
        for char in unicodedata.normalize("NFC", text)
    )
    return " ".join("".join(shown).split())


def read_day(text: object) -> datetime.date | None:
    """Return the day of a date field: CCYY-MM-DD, as browsers send it, also with
    slashes, dots or Chinese words where the field is a plain one; or None."""
    line = clean_line(text)
    for mark in "/.年月":
        line = line.replace(mark, "-")
    parts = [part.strip() for part in line.rstrip("日 ").split("-")]
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    if len(parts[0]) != 4 or max(map(len, parts[1:])) > 2:
        return None
    try:
        return datetime.date(*map(int, parts))
    except ValueError:
        return None


def read_form(
    form: Mapping, today: datetime.date
) -> tuple[dict[str, object], dict[str, str]]:
    """Return what was said, and what is wrong as `field: code`.

    Codes: "missing", "date" (no day), "future", "early", "long".
    """
    said: dict[str, object] = {"repair_date": read_day(form.get("repair_date"))}
    wrong = {}
    if not clean_line(form.get("repair_date")):
        wrong["repair_date"] = "missing"
    elif said["repair_date"] is None:
        wrong["repair_date"] = "date"
    elif said["repair_date"] > today:
        wrong["repair_date"] = "future"
    elif said["repair_date"] < EARLIEST:
        wrong["repair_date"] = "early"
    for name, most in MOST.items():
        said[name] = clean_line(form.get(name)) or None
        if said[name] and len(said[name]) > most:
            wrong[name] = "long"
    if not said["workshop"]:
        wrong["workshop"] = "missing"
    return said, wrong
