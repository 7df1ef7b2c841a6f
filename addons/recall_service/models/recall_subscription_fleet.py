# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallSubscription(models.Model):
    """A mail address that a data user chose to be told of its fleet's recalls.

    It is confirmed and ended like every other subscription. How often it is written to
    is the data user's choice, apart from what the subscriber chose for its own.
    """

    _inherit = "recall.subscription"

    _digest_template = "recall_service.mail_template_fleet"

    data_user_id = fields.Many2one(
        "recall.data.user",
        string="Fleet",
        index="btree_not_null",
        ondelete="cascade",
        help="Recalls of the vehicles in the fleet of this data user.",
    )
    rhythm = fields.Selection(
        lambda self: self.env["recall.subscriber"]._fields["rhythm"].selection,
        readonly=True,
        help="How often the address of a fleet is written to.",
    )

    _fleet_rhythm = models.Constraint(
        "CHECK((data_user_id IS NULL) = (rhythm IS NULL))",
        "The address of a fleet has a rhythm, and no other subscription has one.",
    )
    _fleet_uniq = models.UniqueIndex(
        "(coalesce(email_digest, phone_digest), data_user_id) "
        "WHERE state != 'cancelled' AND data_user_id IS NOT NULL",
        "This address is told of this fleet already.",
    )

    @api.depends("data_user_id")
    def _compute_display_name(self):
        of_fleets = self.filtered("data_user_id")
        super(RecallSubscription, self - of_fleets)._compute_display_name()
        for subscription in of_fleets:
            # sudo: whoever may read the subscription may know whose fleet it is about.
            name = subscription.sudo().data_user_id.name
            subscription.display_name = self.env._("Fleet of %s", name)

    def _set_rhythm(self, rhythm):
        """Take how often a fleet's address is written to; what waits follows it."""
        self.rhythm = rhythm
        due = self.env["recall.subscriber"]._next_digests().get(rhythm)
        waiting = self.push_ids.filtered(lambda push: push.state == "waiting")
        waiting.next_try_at = due or fields.Datetime.now()
        self.env["recall.audit.event"]._record(
            "subscription.rhythm", self, rhythm=rhythm
        )
        if waiting:
            # sudo: the scheduled action belongs to nobody.
            self.env.ref("recall_service.ir_cron_digest").sudo()._trigger()

    def action_end_fleet_mail(self):
        """End these addresses of fleets, for who may see to the data user."""
        self.data_user_id.check_access("write")
        # sudo: operators end addresses of fleets, and no other subscription.
        self.filtered("data_user_id").sudo().action_cancel()

    # === Mail === #

    def _get_digest(self):
        """What a fleet's mail tells: a list of dicts, one for each recall.

        Called by the template; the messages come in the context.
        """
        pushes = self.env["recall.push"].browse(self.env.context["digest_push_ids"])
        return [
            {
                "plan": plan,
                "count": count,
                "vins": vins,
                "more": count - len(vins),
                "url": self._get_fleet_url(plan),
            }
            for plan, (count, vins) in pushes._count_fleet().items()
        ]

    def _get_fleet_url(self, plan):
        """Address of the fleet's page with the vehicles of one recall; it asks for the
        account."""
        path = f"/my/recall/fleet/{self.data_user_id.id}"
        return f"{self._get_site()}{path}?recall={plan.recall_number}"
