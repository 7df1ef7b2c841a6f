# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models

#: What a look-up came to: the five cases of the page, and the guard's hurdle.
ANSWERS = [
    ("open", "Open recall"),
    ("done", "All repaired"),
    ("none", "None known"),
    ("invalid", "Not a VIN"),
    ("unavailable", "Could not be checked"),
    ("hurdle", "Held up by the puzzle"),
]


class RecallLookupUsage(models.Model):
    """S-REPORT: look-ups of the public search in an hour, by answer and language.

    A row says how many, and nothing of who asked or for which vehicle. An answer counts
    when its page is shown: a page that is reloaded counts again, and one that was
    opened by a link somebody gave away does not. Who must pass the puzzle or wait
    counts as held up, and with the answer that follows.
    """

    _name = "recall.lookup.usage"
    _inherit = "recall.counter.mixin"
    _description = "Usage of the public search"
    _audited = frozenset()
    _order = "hour desc, answer, lang"
    _rec_name = "hour"
    _log_access = False

    _counted_by = ("answer", "lang")
    _counted = ("lookup_count",)
    _shown_by = "answer"

    answer = fields.Selection(ANSWERS, readonly=True, required=True)
    lang = fields.Selection(
        selection="_get_languages", string="Language", readonly=True, required=True
    )
    lookup_count = fields.Integer(string="Look-ups", readonly=True)

    _key_uniq = models.UniqueIndex(
        "(hour, answer, lang)", "The look-ups of this hour are counted already."
    )

    @api.model
    def _get_languages(self):
        return self.env["res.lang"].get_installed()

    @api.model
    def _count_page(self, case):
        """Count a page of the public search; one that answers nothing does not count.

        :param str case: what the page shows, as its template knows it
        """
        if case in dict(ANSWERS):
            self._count((case, self.env.lang), (1,))
