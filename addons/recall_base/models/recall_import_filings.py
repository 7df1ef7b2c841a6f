# SPDX-License-Identifier: LGPL-3.0-only
import json

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import file_open, mute_logger

from ..tools import json_list, messages, tabular
from ..tools.messages import ApiStatus, MessageError
from ..tools.plan_messages import PlanMessage
from .recall_import_kind import Fault, Item, Outcome
from .recall_import_plans import find_kept_lines
from .recall_import_vins import vin_faults

#: Member of the file that is the list of plans, as in a message of the interface.
MEMBER = "plans"
#: What the template shows.
EXAMPLE = {
    "producerName": "示例汽车有限公司",
    "brand": "示例",
    "series": "甲系列",
    "model": "TST7000A",
    "recallNum": "S2025M0149I",
    "recallStartTime": "2025-03-01",
    "numRecall": 2,
    "vinRange": "LTZAA11B7SA000001 - LTZAA11B9SA000002",
    "defectDesc": "制动软管可能开裂。",
    "possibleConsequence": "制动距离变长。",
    "repairMethod": "更换制动软管。",
    "parts": [{"partNumber": "BH-1", "partName": "制动软管"}],
    "vins": [{"vin": "LTZAA11B7SA000001"}, {"vin": "LTZAA11B9SA000002"}],
}


class RecallImport(models.Model):
    _inherit = "recall.import"

    kind = fields.Selection(
        selection_add=[("filings", "Filed plans with VIN lists (JSON)")],
        ondelete={"filings": "cascade"},
    )


class RecallImportKindFilings(models.AbstractModel):
    """Filed plans as the filing system sends them, in a file: ``{"plans": [...]}``.

    Each plan has the members of annex A and the optional ones of ``PlanMessage``, its
    producer's name among them: a file can hold plans of many producers. A row is a
    plan; a wrong one does not stop the others. A VIN that GB 16735 refuses is told and
    left out, the plan comes in.
    """

    _name = "recall.import.kind.filings"
    _inherit = "recall.import.kind"
    _description = "Import of filed plans in JSON"

    _groups = "recall_base.group_keeper"
    _needs_producer = False
    _template_form = "json"
    # A plan can have as many vehicles as a batch of other kinds has rows.
    _batch = 1

    @api.model
    def _columns(self):
        return []

    @api.model
    def _detect(self, stream, sheet=""):
        offset = json_list.find_list(stream, MEMBER)
        return tabular.Layout(format="json", header=(), header_row=0, offset=offset)

    @api.model
    def _read(self, file, layout, after_row, offset):
        for item in json_list.read(file, offset, after_row):
            yield tabular.Row(item.number, [item.text], item.offset)

    @api.model
    def _reader(self, mapping, width):
        def read(number, row):
            try:
                return Item(number, (_read_plan(row[0]),)), []
            except MessageError as error:
                return None, [_explain(number, error)]

        return read

    @api.model
    def _take_in(self, job, prepared):
        # What the file says is said by the account that brought it.
        Plan = self.env["recall.plan"].with_user(job.create_uid)
        Plan = Plan.with_context(recall_origin="file")
        taken, repeated, faults = 0, 0, []
        for number, (message,) in prepared:
            try:
                with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                    result = Plan._take_in(message)
            except MessageError as error:
                faults.append(_explain(number, error))
            except UserError as error:
                faults.append(Fault(number, "plan_row", note=str(error)))
            except psycopg2.errors.UniqueViolation:
                raise  # another one files the same plan at this moment: once more
            except psycopg2.IntegrityError:
                faults.append(Fault(number, "plan_contradicts"))
            else:
                taken += result["status"] != "unchanged"
                repeated += result["status"] == "unchanged"
                faults += _find_left_out(number, result)
        return Outcome(taken, repeated, faults)

    @api.model
    def _example(self):
        """The template: a plan as it is sent."""
        text = json.dumps({MEMBER: [EXAMPLE]}, ensure_ascii=False, indent=2)
        return text.encode()

    @api.model
    def _load_file(self, path):
        """Take in a file of an add-on at once, e.g. its demo data."""
        Plan = self.env["recall.plan"].with_context(recall_origin="file")
        with file_open(path, "rb") as file:
            for item in json_list.read(file, json_list.find_list(file, MEMBER)):
                Plan._take_in(_read_plan(item.text))


def _read_plan(text):
    message = messages.validate(PlanMessage, messages.decode(text))
    if message.vinFile:
        raise MessageError(
            ApiStatus.PARAMETER_FORMAT,
            "The member vinFile is for the filing system's interface: import the VIN "
            "list as a file of its own.",
            "vinFile",
        )
    return message


def _explain(number, error):
    """A fault that says which member is wrong, and how."""
    missing = error.status == ApiStatus.PARAMETER_MISSING
    code = "missing" if missing else "plan_row"
    return Fault(number, code, error.member or "", note=error.message)


def _find_left_out(number, result):
    """Faults for what did not come in, or not go out, with a plan."""
    for text in result["refused"]:
        yield from vin_faults(Item(number, (text,)))
    for code, name in (
        ("vehicle_repaired", "staying"),
        ("vehicle_not_in_scope", "unknown"),
    ):
        yield from (Fault(number, code, "vin", text) for text in result[name])
    yield from find_kept_lines(number, result)
