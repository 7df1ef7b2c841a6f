# SPDX-License-Identifier: LGPL-3.0-only
import csv
import os
import pathlib

#: With this variable set the tests write what they find instead of comparing it.
APPROVE = "RECALL_APPROVE"
#: The add-ons of the product.
OWN_MODULES = (
    "recall_base",
    "recall_enterprise",
    "recall_management",
    "recall_service",
)
_FOLDER = pathlib.Path(__file__).parent


class ApprovedCase:
    """Compares what is found in the installed product with an approved CSV file."""

    def assertApproved(self, name, header, rows, *, may_lack=lambda row: False):
        """Fail when ``rows`` are not those of the file ``name``.

        :param rows: iterable of tuples of text, in any order
        :param may_lack: tells of an approved row whether it may be missing here
        """
        path = _FOLDER / name
        found = set(rows)
        if os.environ.get(APPROVE):
            kept = {row for row in self._load(path, header) if may_lack(row)}
            self._store(path, header, sorted(found | kept))
        approved = set(self._load(path, header))
        new = sorted(found - approved)
        gone = sorted(row for row in approved - found if not may_lack(row))
        if new or gone:
            self.fail(
                f"{name} does not agree with the product. Is each change meant, and "
                f"no right wider than needed? Then run this test with {APPROVE}=1, "
                f"review the difference of {path} and commit it.\n"
                + "".join(f"  found, not approved: {','.join(row)}\n" for row in new)
                + "".join(f"  approved, not found: {','.join(row)}\n" for row in gone)
            )

    def _load(self, path, header):
        if not path.exists():
            return []
        with path.open(newline="", encoding="utf-8") as file:
            first, *rows = csv.reader(file)
        if tuple(first) != tuple(header):
            return []
        return [tuple(row) for row in rows]

    def _store(self, path, header, rows):
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
