# SPDX-License-Identifier: LGPL-3.0-only
import json
import uuid
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .recall_push import OPEN_VEHICLE, TOLD_STATES
from .recall_webhook import EVENTS

#: Days in which the publication or withdrawal of a recall is told to those who lack it.
TOLD_DAYS = 30


class RecallWebhookMessage(models.Model):
    """Outbox: one event for one webhook.

    What the newest row about a recall, or about a vehicle in it, says is what the
    partner believes: an event is told when that is another one. The unique index is the
    promise that each change is told by one id only; rows are kept, as they say what was
    told. The body is fixed with the row, so that each try sends the same. It holds
    facts of the recall and the VIN of the partner's own fleet, and nothing about a
    person.
    """

    _name = "recall.webhook.message"
    _description = "Message to a webhook"
    _audited = frozenset()
    _order = "id desc"
    _rec_name = "reference"
    _log_access = False

    webhook_id = fields.Many2one(
        "recall.webhook", required=True, readonly=True, index=True, ondelete="cascade"
    )
    data_user_id = fields.Many2one(
        related="webhook_id.data_user_id", string="Data user"
    )
    event = fields.Selection(
        [
            ("recall.published", "Recall published"),
            ("recall.withdrawn", "Recall withdrawn"),
            ("vehicle.in_scope", "Vehicle in scope"),
            ("vehicle.done", "Vehicle repaired"),
            ("test", "Test"),
        ],
        required=True,
        readonly=True,
    )
    plan_id = fields.Many2one(
        "recall.plan", string="Recall plan", readonly=True, ondelete="cascade"
    )
    vin = fields.Char(string="VIN", size=17, readonly=True)
    follows = fields.Integer(
        readonly=True,
        required=True,
        default=0,
        help="Sequence of the message before it about the same; 0: it is the first.",
    )
    reference = fields.Char(string="webhook-id", required=True, readonly=True)
    number = fields.Integer(string="Sequence", required=True, readonly=True)
    payload = fields.Text(string="Body", required=True, readonly=True)
    state = fields.Selection(
        [("waiting", "Waiting"), ("sent", "Sent"), ("failed", "Failed")],
        default="waiting",
        required=True,
        readonly=True,
    )
    created_at = fields.Datetime(
        string="Made on", default=fields.Datetime.now, required=True, readonly=True
    )
    first_try_at = fields.Datetime(string="First try", readonly=True)
    next_try_at = fields.Datetime(
        string="Next try", default=fields.Datetime.now, readonly=True
    )
    sent_at = fields.Datetime(string="Taken on", readonly=True)
    attempts = fields.Integer(default=0, readonly=True)
    last_status = fields.Integer(string="HTTP status", readonly=True)
    last_fault = fields.Char(readonly=True)
    last_error = fields.Char(string="What happened", compute="_compute_last_error")

    _once = models.UniqueIndex(
        "(webhook_id, plan_id, coalesce(vin, ''), event, follows) "
        "WHERE event != 'test'",
        "The webhook is told of this already.",
    )
    _reference_uniq = models.UniqueIndex("(reference)")
    _due_idx = models.Index("(webhook_id, number) WHERE state = 'waiting'")
    _in_scope_idx = models.Index("(plan_id, vin) WHERE event = 'vehicle.in_scope'")

    @api.depends("last_fault", "last_status", "attempts")
    def _compute_last_error(self):
        for message in self:
            message.last_error = message.attempts > 0 and self._explain(
                message.last_fault, message.last_status
            )

    @api.model
    def _explain(self, fault, status):
        """What a try came to, in plain words."""
        if fault:
            return self._explain_fault(fault)
        if 200 <= status < 300:
            return self.env._("Taken (HTTP status %(status)s).", status=status)
        advice = {
            401: self.env._("It does not accept the signature: check the secret."),
            403: self.env._("It does not let us in: check its firewall."),
            404: self.env._("There is nothing at this address: check the path."),
            410: self.env._("It says that it is gone for good."),
            413: self.env._("It refuses the size of the message."),
            429: self.env._("It asks for fewer messages at a time."),
        }.get(status)
        if not advice and status >= 500:
            advice = self.env._("The receiver has a fault of its own.")
        told = self.env._("Refused with HTTP status %(status)s.", status=status)
        return f"{told} {advice}" if advice else told

    @api.model
    def _explain_fault(self, fault):
        sentences = {
            "address": self.env._(
                "The address leads to a network that is not public, or is no address."
            ),
            "resolve": self.env._("The host name is not known: check the address."),
            "connect": self.env._("The host cannot be reached on this port."),
            "tls": self.env._(
                "The certificate is not valid for this host, has expired, or comes "
                "from an authority that is not trusted."
            ),
            "timeout": self.env._("There was no complete answer within 5 seconds."),
            "reset": self.env._("The receiver broke the connection off."),
            "length": self.env._("The answer ended before it was complete."),
            "http": self.env._("The receiver does not answer in HTTP."),
            "redirect": self.env._(
                "The receiver redirects elsewhere, which is not followed: enter the "
                "final address."
            ),
        }
        return sentences.get(fault) or self.env._("The message could not be sent.")

    # === Making === #

    @api.model
    def _expand(self):
        """Put a message in the outbox for each webhook and event that it lacks.

        :returns: number of messages made
        """
        self.env.flush_all()
        self.env["recall.publication"]._note_changes()
        made = 0
        for event, choice in EVENTS.items():
            found = getattr(self, f"_{event.replace('.', '_')}_sql")()
            self.env.cr.execute(self._expand_sql(event, choice, found))
            made += self.env.cr.fetchone()[0]
        if made:
            self.env["recall.webhook"].invalidate_model()
            self.invalidate_model()
            self.env["recall.webhook"]._wake()
        return made

    def _expand_sql(self, event, choice, found):
        """One statement that numbers, writes and stores what ``found`` selects.

        :param str choice: field by which a webhook asks for the event
        :param SQL found: ``(webhook_id, plan_id, vin)`` of what is the case; ``hook``
            are the webhooks to be told of it, none of a data user that is suspended
        """
        return SQL(
            """WITH hook AS (
                   SELECT hook.* FROM recall_webhook hook
                     JOIN recall_data_user data_user
                       ON data_user.id = hook.data_user_id AND data_user.active
                    WHERE hook.state != 'new' AND hook.%(choice)s),
               found AS (%(found)s),
               news AS (
                   SELECT found.*, coalesce(last.number, 0) AS follows
                     FROM found
                     LEFT JOIN LATERAL (
                          SELECT told.event, told.number
                            FROM recall_webhook_message told
                           WHERE told.webhook_id = found.webhook_id
                             AND told.plan_id = found.plan_id
                             AND coalesce(told.vin, '') = coalesce(found.vin, '')
                             AND told.event != 'test'
                           ORDER BY told.number DESC LIMIT 1) last ON true
                    WHERE last.event IS DISTINCT FROM %(event)s),
               numbered AS (
                   SELECT news.*, hook.last_sequence + row_number() OVER (
                              PARTITION BY hook.id ORDER BY plan_id, vin) AS number
                     FROM news JOIN hook ON hook.id = webhook_id),
               made AS (
                   INSERT INTO recall_webhook_message
                          (webhook_id, plan_id, vin, event, follows, number, reference,
                           payload, state, attempts, created_at, next_try_at)
                   SELECT numbered.webhook_id, plan.id, numbered.vin, %(event)s,
                          numbered.follows,
                          numbered.number,
                          'msg_' || replace(gen_random_uuid()::text, '-', ''),
                          jsonb_build_object(
                              'type', %(event)s::text,
                              'timestamp', %(stamp)s::text,
                              'data', jsonb_strip_nulls(jsonb_build_object(
                                  'sequence', numbered.number,
                                  'recallNum', plan.recall_number,
                                  'producerName', producer.name,
                                  'brand', plan.brand,
                                  'series', plan.series,
                                  'model', plan.model,
                                  'recallStartTime', plan.recall_start,
                                  'defectDesc', plan.defect,
                                  'possibleConsequence', plan.consequence,
                                  'repairMethod', plan.measure,
                                  'vehicleVin', numbered.vin)))::text,
                          'waiting', 0, %(now)s::timestamp, %(now)s::timestamp
                     FROM numbered
                     JOIN recall_plan plan ON plan.id = numbered.plan_id
                     JOIN recall_producer producer ON producer.id = plan.producer_id
                   RETURNING webhook_id),
               counted AS (
                   UPDATE recall_webhook hook
                      SET last_sequence = last_sequence + new.count
                     FROM (SELECT webhook_id, count(*) FROM made GROUP BY 1) new
                    WHERE hook.id = new.webhook_id)
               SELECT count(*) FROM made""",
            found=found,
            choice=SQL.identifier(choice),
            event=event,
            now=fields.Datetime.now(),
            stamp=fields.Datetime.now().isoformat() + "Z",
        )

    def _recall_published_sql(self):
        """Recalls that became public, for the first time or again, after the webhook
        began."""
        return SQL(
            """SELECT hook.id AS webhook_id, seen.plan_id, NULL::varchar AS vin
                 FROM recall_publication seen
                 JOIN hook ON greatest(seen.time, seen.again_at) >= hook.started_at
                 JOIN recall_plan plan ON plan.id = seen.plan_id
                WHERE greatest(seen.time, seen.again_at) > %(since)s
                  AND plan.state IN %(states)s""",
            since=fields.Datetime.now() - timedelta(days=TOLD_DAYS),
            states=TOLD_STATES,
        )

    def _recall_withdrawn_sql(self):
        """Withdrawals of recalls that were public, after the webhook began."""
        return SQL(
            """SELECT hook.id AS webhook_id, plan.id AS plan_id, NULL::varchar AS vin
                 FROM recall_plan plan
                 JOIN recall_publication seen ON seen.plan_id = plan.id
                 JOIN hook ON seen.withdrawn_at >= hook.started_at
                WHERE plan.state = 'withdrawn' AND seen.withdrawn_at > %s""",
            fields.Datetime.now() - timedelta(days=TOLD_DAYS),
        )

    def _vehicle_in_scope_sql(self):
        """Open vehicles of the partner's fleet, read through the index on the VIN."""
        return SQL(
            """SELECT hook.id AS webhook_id, vehicle.plan_id, vehicle.vin
                 FROM hook
                 JOIN recall_fleet_vehicle fleet
                   ON fleet.data_user_id = hook.data_user_id
                 JOIN recall_vehicle vehicle ON vehicle.vin = fleet.vin
                 JOIN recall_plan plan ON plan.id = vehicle.plan_id
                WHERE %s AND plan.state IN %s""",
            OPEN_VEHICLE,
            TOLD_STATES,
        )

    def _vehicle_done_sql(self):
        """Repaired vehicles that the webhook was ever told to be in scope."""
        return SQL(
            """SELECT DISTINCT hook.id AS webhook_id, vehicle.plan_id, vehicle.vin
                 FROM recall_webhook_message opened
                 JOIN hook ON hook.id = opened.webhook_id
                 JOIN recall_vehicle vehicle
                   ON vehicle.vin = opened.vin AND vehicle.plan_id = opened.plan_id
                WHERE opened.event = 'vehicle.in_scope'
                  AND vehicle.state = 'done'"""
        )

    @api.model
    def _create_test(self, hook):
        """Make the message of the test button."""
        hook.lock_for_update()
        number = hook.last_sequence + 1
        hook.last_sequence = number
        body = {
            "type": "test",
            "timestamp": fields.Datetime.now().isoformat() + "Z",
            "data": {"sequence": number},
        }
        return self.create(
            {
                "webhook_id": hook.id,
                "event": "test",
                "number": number,
                "reference": f"msg_{uuid.uuid4().hex}",
                "payload": json.dumps(body),
            }
        )

    def action_resend(self):
        """Send these messages again, under the same id."""
        again = self.filtered(lambda message: message.state != "waiting")
        again._begin_anew()
        self.env["recall.audit.event"]._record(
            "webhook.resend", again, count=len(again)
        )
        self.env["recall.webhook"]._wake()

    def _begin_anew(self):
        """Have these messages wait as if they were never tried."""
        self.write(
            {
                "state": "waiting",
                "attempts": 0,
                "first_try_at": False,
                "next_try_at": fields.Datetime.now(),
            }
        )
