# SPDX-License-Identifier: LGPL-3.0-only
from urllib.parse import urljoin

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError, ValidationError
from odoo.tools import SQL, mute_logger

from odoo.addons.recall_base.tools import contacts, messages
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError
from odoo.addons.recall_base.tools.plan_messages import PlanMessage

PURPOSE = "plans"
PATH = "/recall/v1/plans"
#: VINs that an answer names of each sort; the counts are whole.
MAX_NAMED = 100
# Class of the advisory lock: plans are taken in by one request at a time.
_LOCK = 41048


class RecallPlanInterface(models.Model):
    """The interface by which a filing system hands plans over (clause 5.2.2.1)."""

    _name = "recall.plan.interface"
    _description = "Interface of a filing system"
    _inherit = ["recall.interface.mixin"]
    _order = "filing_system_id, name"
    _owner_field = "filing_system_id"

    filing_system_id = fields.Many2one(
        "recall.filing.system", required=True, index=True, ondelete="restrict"
    )
    address = fields.Char(string="Address of the interface", compute="_compute_address")

    def _compute_address(self):
        # sudo: the system's own address is no secret.
        own = self.env["ir.config_parameter"].sudo().get_param("web.base.url", "")
        for interface in self:
            interface.address = urljoin(own, PATH)

    def action_issue_token(self):
        """Open the dialogue that issues a token, with what its hand-over needs."""
        action = super().action_issue_token()
        action["context"] |= {
            "default_address": self.address,
            "default_api_cfg": self.api_cfg,
        }
        return action

    def _purpose_sql(self):
        return SQL("%s", PURPOSE)

    def _get_token_purpose(self):
        return PURPOSE

    # === Answering === #

    @api.model
    def _answer(self, message, address):
        """Take in the plans of a request.

        :param message: ``tools.plan_messages.PlansRequest``
        :param str address: the peer's address
        :returns: list of dicts as ``tools.plan_messages.PlanResult`` describes them,
            one for each plan, in their order
        :raises MessageError: when the request as a whole is refused
        """
        system = self._identify(message, address)
        self._take_turn()
        checked = messages.validate_records(PlanMessage, message.plans)
        results = {
            index: self._take_in(system, index, plan) for index, plan in checked.good
        }
        for refused in checked.refused:
            results[refused.index] = _reject(
                refused.index, _get_number(refused.record), refused.findings
            )
        return [results[index] for index in sorted(results)]

    @api.model
    def _receive(self, message, address, read_file):
        """Keep an uploaded VIN list for a plan that will name it.

        :param message: ``tools.messages.Request``, from the headers
        :param str address: the peer's address
        :param read_file: gives the file; nothing is received before it is called
        :returns: dict as ``tools.plan_messages.Upload`` describes it
        :raises MessageError: when it is refused
        """
        system = self._identify(message, address)
        Import = self.env["recall.import"]
        Import._check_quota(system)
        file = read_file()
        if not file:
            raise MessageError(
                ApiStatus.PARAMETER_MISSING,
                "Send the file as the field “file” of a form.",
            )
        job = Import._take_upload(system, file)
        return {"reference": job.reference, "sha256": job.sha256, "size": job.size}

    def _identify(self, message, address):
        """The filing system that asks, if it may."""
        grant = self._authorise(message.api_token, message.api_cfg, PURPOSE, address)
        return self.env["recall.filing.system"].browse(grant.owner_id)

    def _take_turn(self):
        """Let one request at a time take plans in; Odoo asks the others again.

        Waiting here would not do: what the other one stores is not seen by a
        transaction that has begun.
        """
        self.env.cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s, 0)", _LOCK))
        if not self.env.cr.fetchone()[0]:
            raise ConcurrencyError(self.env._("Plans are being taken in."))

    def _take_in(self, system, index, message):
        """Take in one plan; what is wrong with it concerns no other."""
        Plan = self.env["recall.plan"].with_context(recall_origin="filing")
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                result = Plan._take_in(message)
                told = _tell(index, result)
                if message.vinFile:
                    told["vinFile"] = self.env["recall.import"]._name_upload(
                        system, result["plan"], message.vinFile
                    )
                return told
        except MessageError as error:
            finding = (error.status, error.member, error.message)
        except (UserError, ValidationError) as error:
            finding = (ApiStatus.PARAMETER_FORMAT, None, str(error))
        except psycopg2.IntegrityError:
            sentence = "The plan contradicts what is stored. Compare it, send it again."
            finding = (ApiStatus.PARAMETER_FORMAT, None, sentence)
        self.env.invalidate_all(flush=False)
        status, member, sentence = finding
        code = messages.MISSING if status == ApiStatus.PARAMETER_MISSING else "format"
        findings = [{"code": code, "member": member or "", "message": sentence}]
        return _reject(index, message.recallNum, findings)


def _reject(index, recall_number, findings):
    return {
        "index": index,
        "recallNum": contacts.hide(recall_number),
        "status": "rejected",
        "findings": findings,
    }


def _tell(index, result):
    """A taken-in plan as the answer tells of it."""
    plan = result["plan"]
    told = {
        "index": index,
        "recallNum": plan.recall_number,
        "status": result["status"],
        "version": plan.version,
        "added": result["added"],
        "removed": result["removed"],
        "received": plan.vehicle_count + plan.removed_count,
    }
    if plan.listed_count:
        told["expected"] = plan.listed_count
    for member, name in (
        ("refusedVins", "refused"),
        ("stayingVins", "staying"),
        ("unknownVins", "unknown"),
    ):
        if result[name]:
            told[member] = [contacts.hide(vin) for vin in result[name][:MAX_NAMED]]
    if result["kept"]:
        told["findings"] = list(map(_tell_kept_line, result["kept"][:MAX_NAMED]))
    return told


def _tell_kept_line(name):
    sentence = (
        f"The product line {name} is not listed any more, but vehicles in scope are of "
        "it: it stays. List it again, send these VINs with another line, or take them "
        "out by removal."
    )
    return {"code": "line_kept", "member": "lines", "message": sentence}


def _get_number(record):
    """The recall number of a refused record, as far as it can be told."""
    number = record.get("recallNum") if isinstance(record, dict) else None
    return number[:64] if isinstance(number, str) else ""
