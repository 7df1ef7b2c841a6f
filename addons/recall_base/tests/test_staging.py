# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from .common import RecallCommon

HARD_TEXTS = (
    "tab\there",
    "line\nbreak",
    "carriage\rreturn",
    "back\\slash",
    "ends in a backslash\\",
    "\\N",
    "\\.",
    "\\t is two characters",
    "",
    " blanks ",
    "'quoted' \"twice\"",
    "100 %s %(name)s",
    "召回编号 \U0001f697",
    None,
)


@tagged("post_install", "-at_install")
class TestStaging(RecallCommon):
    def _load(self, rows, columns=None):
        return self.env["recall.staging"]._load(
            "recall_test_staging", columns or {"idx": "int", "text": "varchar"}, rows
        )

    def _read(self):
        self.env.cr.execute("SELECT idx, text FROM recall_test_staging ORDER BY idx")
        return self.env.cr.fetchall()

    def test_staged_texts_are_mangled_on_their_way(self):
        """X-ATTACK: no text breaks out of its column or row of the bulk path."""
        rows = list(enumerate(HARD_TEXTS))
        self._load(rows)
        self.assertEqual(self._read(), rows)

    def test_rows_are_lost_between_the_pieces_of_a_stream(self):
        rows = [(index, "x" * (index % 97)) for index in range(20_000)]
        self._load(iter(rows))
        self.assertEqual(self._read(), rows)

    def test_second_load_in_a_transaction_meets_the_first(self):
        self._load([(1, "first")])
        self._load([(2, "second")])
        self.assertEqual(self._read(), [(2, "second")])

    def test_nothing_to_stage_is_an_error(self):
        self._load([])
        self.assertEqual(self._read(), [])
