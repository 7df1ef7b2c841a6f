# SPDX-License-Identifier: LGPL-3.0-only
import re

from odoo import Command, api, fields, models

from ..tools import recall_number
from ..tools.messages import ApiStatus, MessageError
from .recall_plan_take_in_lines import differs


class RecallPlan(models.Model):
    """Taking in filed plans, from the interface or a file."""

    _inherit = "recall.plan"

    @api.model
    def _take_in(self, message):
        """Create or amend the plan that a filing describes.

        Repeating a message changes nothing. VINs are only ever added: a vehicle does
        not leave the scope because a later list lacks it.

        :param message: ``tools.plan_messages.PlanMessage``
        :returns: dict with the ``plan``, its ``status`` (created, amended, unchanged),
            number of vehicles ``added``, ``removed`` and ``relined`` (of another
            product line than before), the lists of VINs ``refused`` by GB 16735,
            ``staying`` in scope as repaired, and ``unknown`` though they were to be
            removed, and the names of product lines ``kept`` for their vehicles
        :raises MessageError: 407 when the filing contradicts itself or a standard
        """
        for member, sentence in _find_faults(message):
            raise MessageError(ApiStatus.PARAMETER_FORMAT, sentence, member)
        producer = self.env["recall.producer"]._get_or_create([message.producerName])[
            message.producerName
        ]
        plan = self.search([("recall_number", "=", message.recallNum)])
        version = plan.version
        vals = self._prepare_plan_vals(message, producer)
        lists = plan._prepare_lists(message)
        result = {"removed": 0, "staying": [], "unknown": []}
        if not plan:
            vals |= {"recall_number": message.recallNum, **lists}
            state = message.planState or "published"
            # sudo: the state moves by steps; whoever files a plan may begin it so.
            plan = self.sudo().create({**vals, "state": state}).with_env(self.env)
            plan._note_step(state)
            result["status"] = "created"
        elif differs(plan, vals) or any(lists.values()):
            plan.write(vals | lists)
            result["status"] = "amended"
        producer._add_dealers(message.dealers)
        result |= plan._add_vehicles(message)
        if message.removal:
            result |= plan._take_out(message.removal.vins, message.removal.reason)
        result["kept"] = plan._drop_unlisted(message)
        moved = plan._move_as_filed(message)
        changed = (
            result["added"] or result["relined"] or plan.version > version or moved
        )
        result.setdefault("status", "amended" if changed else "unchanged")
        self.env["recall.audit.event"]._record(
            "plan.take_in",
            plan,
            recall_number=plan.recall_number,
            version=plan.version,
            added=result["added"],
            relined=result["relined"],
            refused=len(result["refused"]),
        )
        return {**result, "plan": plan}

    def _add_vehicles(self, message):
        """Put the vehicles of a filing in scope, on their lines.

        :returns: dict with the number of vehicles ``added``, the VINs ``refused``, and
            the number ``relined`` as they were of another line
        """
        self.ensure_one()
        Vehicle = self.env["recall.vehicle"]
        lines = self._match_lines(self._prepare_lines(message))
        line_ids = {position: line.id for position, line in lines.items()}
        may_come_back = self.removed_count
        added, refused = Vehicle._add_to_scope(
            self, ((item.vin, line_ids.get(item.line or 0)) for item in message.vins)
        )
        told = [
            (item.vin, line_ids[item.line])
            for item in message.vins
            if item.line in line_ids
        ]
        relined = 0
        if told and (may_come_back or added < len(message.vins)):
            relined = Vehicle._assign_lines(self, told)
        return {"added": added, "refused": refused, "relined": relined}

    def _take_out(self, vins, reason):
        """Take VINs out of the scope; a version of its own tells why.

        :returns: dict with the number ``removed``, and the lists of VINs ``staying``
            because they were repaired and ``unknown`` because they are not in scope
        """
        self.ensure_one()
        removed, staying, unknown = self.env["recall.vehicle"]._take_out(self, vins)
        if removed:
            self._keep_version(reason=reason, force=True)
            self.flush_recordset()
            self._note_scope(removed=removed)
            self.env["recall.audit.event"]._record(
                "plan.take_out", self, version=self.version, removed=removed
            )
        return {"removed": removed, "staying": staying, "unknown": unknown}

    def _move_as_filed(self, message):
        """Move the plan to the state that a filing gives it; whether it moved.

        :raises MessageError: 407 when it publishes a withdrawn plan without a reason
        """
        self.ensure_one()
        target = message.planState
        if not target or target == self.state or target == "filed":
            return False
        if target == "published" and self.state not in ("filed", "withdrawn"):
            return False  # further on already
        if self.state == "withdrawn" and not message.stateReason:
            raise MessageError(
                ApiStatus.PARAMETER_FORMAT,
                "The plan was withdrawn: planState published opens it again only with "
                "its reason. Add stateReason, or leave planState out.",
                "stateReason",
            )
        self._step_to(target, message.stateReason or "")
        return True

    def _prepare_plan_vals(self, message, producer):
        extended = message.extends and self.search(
            [("recall_number", "=", message.extends)]
        )
        announcement = self.env["recall.announcement"]._get_or_create(
            message.announcement
        )
        file = message.vinFile
        optional = {
            "listed_count": message.vinTotal or (file and file.rows),
            "announcement_id": announcement.id,
        }
        return {
            **{name: value for name, value in optional.items() if value},
            **self._prepare_owner_vals(message),
            "producer_id": producer.id,
            "brand": message.brand,
            "series": message.series,
            "model": message.model,
            "announced": fields.Date.to_date(message.announced),
            "recall_start": fields.Date.to_date(message.recallStartTime),
            "announced_count": message.numRecall,
            "vin_range": message.vinRange,
            "defect": message.defectDesc,
            "consequence": message.possibleConsequence,
            "measure": message.repairMethod,
            "over_the_air": message.overTheAir,
            "extends_id": extended and extended.id,
            "source": message.source,
        }

    def _prepare_owner_vals(self, message):
        """Values that tell owners what to do; what a filing leaves out is kept.

        A filing system that does not know these members must not take back a warning
        that was entered by hand.
        """
        vals = {
            "do_not_drive": message.doNotDrive,
            "park_outside": message.parkOutside,
            "parts_state": message.partsState,
        }
        if message.partsState:
            vals["parts_from"] = fields.Date.to_date(message.partsFrom) or False
        return {name: value for name, value in vals.items() if value is not None}

    def _prepare_lists(self, message):
        """Commands that make product lines and parts what a filing says."""
        return {
            "line_ids": self._prepare_line_commands(message),
            "part_ids": self._prepare_part_commands(message),
        }

    def _prepare_part_commands(self, message):
        """Commands that make the parts what a filing says; none if they are."""
        wanted = {part.partNumber: part.partName or False for part in message.parts}
        if wanted == {part.number: part.name for part in self.part_ids}:
            return []
        return [
            Command.clear(),
            *(
                Command.create({"number": number, "name": name})
                for number, name in wanted.items()
            ),
        ]


def _find_faults(message):
    """Yield ``(member, sentence)`` for what makes a filing impossible to keep."""
    try:
        recall_number.parse(message.recallNum)
    except recall_number.RecallNumberError as error:
        yield (
            "recallNum",
            f"The member recallNum is not a number of GB/T 39061: {error.message}.",
        )
    if message.planState == "withdrawn" and not message.stateReason:
        yield "stateReason", "A plan is withdrawn with a reason: add stateReason."
    if message.extends == message.recallNum:
        yield "extends", "The member extends names the recall itself."
    if message.partsFrom and message.partsState != "awaited":
        yield "partsFrom", "The member partsFrom goes with the partsState awaited."
    numbers = [part.partNumber for part in message.parts]
    if len(set(numbers)) < len(numbers):
        yield "parts", "The member parts holds a part number twice."
    for line in (message, *message.lines):
        start, end = line.productionStart, line.productionEnd
        if start and end and end < start:
            yield "productionEnd", "A production period ends before it starts."
    for dealer in message.dealers:
        if dealer.region and not re.fullmatch("[0-9]{6}", dealer.region):
            yield "region", "A region code of GB/T 2260 has six digits."
