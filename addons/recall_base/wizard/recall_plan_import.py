# SPDX-License-Identifier: LGPL-3.0-only
import base64

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools import messages
from ..tools.messages import MessageError
from ..tools.plan_messages import PlanMessage


class RecallPlanImport(models.TransientModel):
    """Upload of filed recall plans with their VIN lists as a JSON file.

    The file holds ``{"plans": [...]}``; each plan has the members of annex A and the
    optional ones of ``tools.plan_messages.PlanMessage``. A wrong plan does not stop the
    others.
    """

    _name = "recall.plan.import"
    _description = "Import recall plans"

    file = fields.Binary(string="JSON file", required=True, attachment=False)
    file_name = fields.Char()
    state = fields.Selection([("ready", "Ready"), ("done", "Done")], default="ready")
    plan_count = fields.Integer(string="Plans taken in", readonly=True)
    vehicle_count = fields.Integer(string="Vehicles added", readonly=True)
    problems = fields.Text(readonly=True)

    def action_import(self):
        self.ensure_one()
        Plan = self.env["recall.plan"].with_context(recall_origin="file")
        plan_count, vehicle_count, problems = 0, 0, []
        for index, item in enumerate(self._read_plans(), start=1):
            try:
                message = messages.validate(PlanMessage, item)
                with self.env.cr.savepoint():
                    result = Plan._take_in(message)
            except (MessageError, UserError) as error:
                text = error.message if isinstance(error, MessageError) else str(error)
                problems.append(
                    self.env._("Plan %(index)s: %(text)s", index=index, text=text)
                )
                continue
            plan_count += 1
            vehicle_count += result["added"]
            problems += [
                self.env._(
                    "%(plan)s: %(vin)s is not a VIN of GB 16735 and was left out.",
                    plan=result["plan"].recall_number,
                    vin=vin,
                )
                for vin in result["refused"]
            ]
        self.write(
            {
                "state": "done",
                "plan_count": plan_count,
                "vehicle_count": vehicle_count,
                "problems": "\n".join(problems),
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _read_plans(self):
        try:
            content = messages.decode(base64.b64decode(self.file))
            plans = content["plans"]
            if not isinstance(plans, list):
                raise TypeError
        except MessageError as error:
            raise UserError(
                self.env._("The file cannot be read: %(why)s", why=error.message)
            ) from error
        except (KeyError, TypeError) as error:
            raise UserError(
                self.env._('The file has no list of plans: {"plans": [...]}.')
            ) from error
        return plans
