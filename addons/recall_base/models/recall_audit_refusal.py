# SPDX-License-Identifier: LGPL-3.0-only
import logging
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.http import request
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

#: Origins of one minute and kind that get an event each; one tells of all others.
ORIGINS = 100
#: Different things that one origin was refused, as far as its event names them.
SUBJECTS = 10


class RecallAuditRefusal(models.AbstractModel):
    """Refused log-ins, requests and tokens: counted, and told once a minute.

    A refusal undoes its transaction, so it is noted when that has ended, by a row of a
    table that is only added to. A scheduled action makes events of them: one for each
    minute, kind, account and address, and for a flood from everywhere one more for all
    the others. So nobody fills the log by being refused.
    """

    _name = "recall.audit.refusal"
    _description = "Refused log-ins, requests and tokens"

    def init(self):
        self.env.cr.execute(
            """CREATE TABLE IF NOT EXISTS recall_audit_refusal (
                      at timestamp NOT NULL, action varchar NOT NULL,
                      address varchar NOT NULL, user_id int, subject varchar)"""
        )

    @api.model
    def _note(self, action, subject, user_id=None):
        """Count a refusal once the transaction of the request has ended.

        :param str action: action of the event, such as "login.failed"
        :param str subject: what was refused: no secret, nothing of a person
        :param user_id: id of the account, where one is known
        """
        cr, registry = self.env.cr, self.pool
        address = request.httprequest.remote_addr if request else ""
        pending = [(datetime.utcnow(), action, address or "", user_id, subject[:100])]

        def store():
            if pending:
                _store(registry, pending.pop())

        cr.postcommit.add(store)
        cr.postrollback.add(store)

    @api.model
    def _cron_sum_up(self):
        """Make events of the minutes that are over."""
        return self._sum_up(fields.Datetime.now().replace(second=0))

    def _sum_up(self, end):
        groups = self._take(end)
        Event = self.env["recall.audit.event"]
        told, others = [], {}
        ranks = {}
        for minute, action, address, named_id, user_id, count, subjects in groups:
            rank = ranks[minute, action] = ranks.get((minute, action), 0) + 1
            if rank <= ORIGINS:
                detail = {"count": count, "subjects": subjects[:SUBJECTS]}
                if named_id != user_id:
                    detail["account"] = named_id  # it was deleted since
                told.append(_prepare(minute, action, address, user_id, detail))
            else:
                total, origins = others.get((minute, action), (0, 0))
                others[minute, action] = (total + count, origins + 1)
        for (minute, action), (count, origins) in others.items():
            detail = {"count": count, "origins": origins}
            told.append(_prepare(minute, action, None, None, detail))
        return Event._insert(told)

    def _take(self, end):
        """Remove what was noted before ``end``; returns it summed up by minute, kind,
        address and account (the number that was noted, and the id if there is one
        still), the most frequent first."""
        return self.env.execute_query(
            SQL(
                """WITH gone AS (
                       DELETE FROM recall_audit_refusal WHERE at < %s RETURNING *)
                   SELECT date_trunc('minute', at) AS minute, action, address, user_id,
                          account.id, count(*), array_agg(DISTINCT subject)
                     FROM gone LEFT JOIN res_users account ON account.id = user_id
                    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 6 DESC, 2, 3, 4""",
                end,
            )
        )


def _prepare(minute, action, address, user_id, detail):
    return {
        # The end of the minute: it was not known earlier.
        "time": minute + timedelta(minutes=1),
        "user_id": user_id,
        "address": address or False,
        "action": action,
        "detail": detail,
    }


def _store(registry, row):
    try:
        with registry.cursor() as cr:
            cr.execute(SQL("INSERT INTO recall_audit_refusal VALUES %s", row))
    except Exception:  # the answer does not depend on it
        _logger.exception("A refusal is not in the operation log: %s", row[1])
