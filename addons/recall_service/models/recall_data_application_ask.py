# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.recall_base.models.recall_token import find_wrong_network
from odoo.addons.recall_base.tools import credit_code

from .granted_terms_mixin import GRANTED_CONTENTS, GRANTED_METHODS
from .recall_data_application import CONFIRM_DAYS
from .recall_data_user import KINDS

#: Applications of one mail address, and of one network address, in a day.
APPLICATIONS_PER_DAY = 3
REQUESTS_PER_DAY = 20
#: Characters of each text.
TEXTS = {
    "name": 200,
    "contact_name": 100,
    "phone": 40,
    "purpose": 2000,
    "legal_basis": 2000,
}
#: VINs a day that a form may wish: more is a matter of talking.
MAX_QUOTA = 10_000_000


class RecallDataApplication(models.Model):
    """How applications come in: from the public form, and from a data user's page."""

    _inherit = "recall.data.application"

    @api.model
    def _read_form(self, form):
        """Read what was typed.

        :param form: mapping of texts
        :returns: ``(values, errors)``: values of a record, and by field the sentence
            that says what to correct
        """
        values, errors = self._read_terms(form)
        for name, size in TEXTS.items():
            values[name] = " ".join(form.get(name, "").split())[:size]
            if not values[name]:
                errors[name] = self.env._("Please fill this in.")
        values["credit_code"] = credit_code.normalise(form.get("credit_code"))
        if fault := credit_code.find_fault(values["credit_code"]):
            errors["credit_code"] = self._explain_fault(fault)
            values["credit_code"] = values["credit_code"][:40]
        values["kind"] = form.get("kind", "")
        if values["kind"] not in dict(KINDS):
            errors["kind"] = self.env._("Please choose what fits best.")
        typed = form.get("email", "").strip()
        values["email"] = self._normalise_email(typed) or typed[:254]
        if not self._normalise_email(typed):
            errors["email"] = self.env._("Please correct it, as in name@example.com.")
        return values, errors

    @api.model
    def _read_terms(self, form):
        """Read contents, methods, volume and addresses; as ``_read_form``."""
        values, errors = {}, {}
        for name in (*GRANTED_CONTENTS, *GRANTED_METHODS):
            values[name] = form.get(name) == "1"
        typed = form.get("quota_day", "").replace(",", "").strip()
        values["quota_day"] = int(typed) if typed.isdecimal() and len(typed) < 9 else 0
        if not 0 < values["quota_day"] <= MAX_QUOTA:
            errors["quota_day"] = self.env._(
                "Please enter a number from 1 to %(most)s.", most=f"{MAX_QUOTA:,}"
            )
        values["allowed_addresses"] = form.get("allowed_addresses", "").strip()[:500]
        if wrong := find_wrong_network(values["allowed_addresses"]):
            errors["allowed_addresses"] = self.env._(
                "“%(text)s” is not an address or a network. Write addresses like "
                "203.0.113.7 or networks like 198.51.100.0/24, with commas between "
                "them.",
                text=wrong[:60],
            )
        return values, errors

    def _explain_fault(self, fault):
        return {
            "length": self.env._("The code has 18 characters."),
            "shape": self.env._(
                "The code has digits and capital letters, without I, O, S, V and Z; "
                "characters 3 to 8 are the digits of the region."
            ),
            "check": self.env._(
                "A character is wrong, or two are swapped: the check character does "
                "not fit. Please compare it with the certificate."
            ),
        }[fault]

    @api.model
    def _ask(self, values, network_address):
        """Take a public application, to be confirmed by mail.

        Nothing is returned, as nothing may be told: not whether the organisation or
        the address is known, nor whether a limit was met.

        :param dict values: as read without errors by ``_read_form``
        """
        origin = self._get_origin(network_address)
        if not self._has_room(values["email"], origin):
            return
        application = self.create(
            {
                **values,
                "lang": self.env.lang or "en_US",
                "origin": origin,
                "mail_due": "confirm",
            }
        )
        self.env["recall.audit.event"]._record("application.ask", application)
        self._trigger_mails()

    def _has_room(self, email, origin):
        day = [("asked_at", ">", fields.Datetime.now() - timedelta(days=1))]
        of_address = self.search_count([("email", "=", email), *day])
        of_origin = self.search_count([("origin", "=", origin), *day])
        return of_address < APPLICATIONS_PER_DAY and of_origin < REQUESTS_PER_DAY

    def _can_be_confirmed(self):
        self.ensure_one()
        oldest = fields.Datetime.now() - timedelta(days=CONFIRM_DAYS)
        return self.state == "waiting" or (
            self.state == "unconfirmed" and self.asked_at > oldest
        )

    def _confirm(self):
        """Bring this application before the operator; once more does nothing."""
        self.ensure_one()
        if self.state == "unconfirmed":
            self.write(
                {
                    "state": "waiting",
                    "confirmed_at": fields.Datetime.now(),
                    "mail_due": False,
                    "origin": False,
                }
            )
            self.env["recall.audit.event"]._record("application.confirm", self)

    def _take_answer(self, text):
        """Take the applicant's answer to our question; returns whether it was open."""
        self.ensure_one()
        if self.state != "more" or not text.strip():
            return False
        self.write({"answer": text.strip()[:4000], "state": "waiting"})
        self.env["recall.audit.event"]._record("application.answer", self)
        return True

    @api.model
    def _ask_more(self, interface, account, values):
        """Take a data user's wish for more on one of its interfaces.

        The account is known: nothing is to be confirmed.

        :param dict values: ``purpose``, ``legal_basis`` and terms
        """
        data_user = interface.data_user_id
        application = self.create(
            {
                **values,
                "name": data_user.name,
                "credit_code": data_user.credit_code,
                "kind": data_user.kind,
                "contact_name": account.name,
                "email": account.email_normalized,
                "phone": account.phone or data_user.phone,
                "lang": account.lang or "en_US",
                "state": "waiting",
                "confirmed_at": fields.Datetime.now(),
                "data_user_id": data_user.id,
                "interface_id": interface.id,
                "account_id": account.id,
            }
        )
        self.env["recall.audit.event"]._record("application.ask_more", application)
        return application
