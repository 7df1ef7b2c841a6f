# SPDX-License-Identifier: LGPL-3.0-only
import time

from psycopg2.extensions import STATUS_READY

from odoo import SUPERUSER_ID, api, models
from odoo.http import request
from odoo.tools import SQL, split_every

from odoo.addons.recall_base.tools import answers, cipher, vin
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from . import recall_share_sandbox as sandbox
from .recall_lookup import LEGACY_VIN
from .recall_share_interface import GRANTED_CONTENTS

#: VINs that are read at a time: what one statement finds is all that is in memory.
CHUNK = 200
#: Key of the advisory lock that lets one slow answer of the sandbox wait at a time.
SLOW_LOCK = 0x736C6F77


class RecallShare(models.AbstractModel):
    """Answers of the sharing interface (clause 8, annex C).

    One VIN without more than clause 8.2's contents is answered in the transaction of
    its request: one statement to authorise, one to look up. All else is streamed, in
    chunks that each have a transaction of their own: the size of an answer costs no
    memory, and a slow reader holds no transaction open.
    """

    _name = "recall.share"
    _description = "Sharing"

    # === Answers === #

    @api.model
    def _answer_one(self, text, grant, request_id, started):
        """Annex C: the recalls of one VIN.

        :param started: moment (``time.monotonic``) from which the time limit runs
        :returns: a dict, or ``StreamedAnswer`` where a phone number is told
        :raises MessageError: 407 for what is neither a VIN nor the number of a legacy
            vehicle in a recall
        """
        if grant.terms["sandbox"]:
            self._play_case(text)
        self._leave_out_transaction()
        found = self._read([text], grant, started=started)
        records = found.get(text, [])
        if not records and not vin.is_vin(text):
            raise make_refusal(text)
        members = _details(grant)
        if "telNum" in members and any(record["isRecalled"] for record in records):
            # A phone number is told after the log says so, which is a write.
            told = self._stream([text], grant, request_id, [])
            return self._streamed(told, lambda: {"request_id": request_id})
        if members:
            self._add_details(found, members)
        return answers.share_answer(records, request_id=request_id)

    @api.model
    def _answer_many(self, vins, grant, request_id, **further):
        """The recalls of many VINs, and a result for each, in the order given.

        :param further: members that the answer has besides
        :rtype: StreamedAnswer
        """
        if grant.terms["sandbox"]:
            for text in vins:
                self._play_case(text)
        results = []
        return self._streamed(
            self._stream(vins, grant, request_id, results),
            lambda: {"exchange_results": results, "request_id": request_id, **further},
        )

    def _streamed(self, records, tail):
        return answers.StreamedAnswer(
            "share", records, tail, request.dispatcher.explain
        )

    def _stream(self, vins, grant, request_id, results):
        """Yield the records of VINs in their order, and append to ``results``."""
        index = 0
        registry = self.env.registry
        members = _details(grant)
        readonly = "telNum" not in members
        for chunk in split_every(CHUNK, vins):
            wrong = _find_wrong(chunk)
            asked = [text for text in chunk if not wrong.get(text)]
            with registry.cursor(readonly=readonly) as cr:
                share = api.Environment(cr, SUPERUSER_ID, {})["recall.share"]
                found = share._read(asked, grant)
                if members:
                    phones = share._add_details(found, members)
                    share._log_phones(phones, grant, request_id)
            for text in chunk:
                records = found.get(text, [])
                results.append(_prepare_result(index, text, len(records), wrong))
                index += 1
                yield from records

    # === Reading === #

    def _leave_out_transaction(self):
        """Let each statement that follows in this request be a transaction by itself.

        BEGIN and COMMIT are round trips that take longer than the one statement between
        them (docs/performance). Nothing is written here. Odoo resets the connection
        before it serves the next request; with a replica its transaction has begun.
        """
        connection = self.env.cr._cnx
        if connection.status == STATUS_READY:
            connection.autocommit = True

    def _read(self, vins, grant, started=None):
        """Return ``{vin: records of annex C}`` for the VINs that have any."""
        if not vins:
            return {}
        if grant.terms["sandbox"]:
            return {text: sandbox.find_records(text) for text in vins}
        # A list of one is planned more slowly than the VIN itself.
        condition = (
            SQL("vehicle.vin = %s", vins[0])
            if len(vins) == 1
            else SQL("vehicle.vin = ANY(%s)", list(vins))
        )
        found = {}
        for recall in self.env["recall.lookup"]._read_recalls(
            condition, started or time.monotonic()
        ):
            found.setdefault(recall.vin, []).append(prepare_record(recall))
        return found

    def _add_details(self, found, members):
        """Add the granted members of the repairs (annex A no. 13 to 16) to records.

        :returns: how many phone numbers were opened
        """
        repairs = self._read_repairs(list(found)) if found else {}
        keys = cipher.KeyRing.from_environment() if "telNum" in members else None
        told = 0
        for records in found.values():
            for record in records:
                repair = repairs.get((record["vehicleVin"], record["recallNum"]))
                if not repair or not record["isRecalled"]:
                    continue
                record |= {name: repair[name] for name in members if repair.get(name)}
                # A number whose key was destroyed is erased: told to nobody.
                if keys and keys.has_key_of(repair["sealed"]):
                    record["telNum"] = keys.open(repair["sealed"], repair["context"])
                    told += 1
        return told

    def _log_phones(self, count, grant, request_id):
        if count:
            self.env["recall.audit.event"]._record(
                "share.phone",
                self.env["recall.share.interface"].browse(grant.interface_id),
                count=count,
                token_id=grant.token_id,
                request_id=request_id,
            )

    def _read_repairs(self, vins):
        """The newest confirmed report of each VIN and recall, by the natural key."""
        self.env.cr.execute(
            SQL(
                """SELECT DISTINCT ON (completion.vin, plan.recall_number)
                          completion.vin, plan.recall_number,
                          completion.recall_number, completion.repair_date,
                          completion.repair_number, completion.dealer_name,
                          completion.phone_sealed
                     FROM recall_completion completion
                     JOIN recall_plan plan ON plan.id = completion.plan_id
                    WHERE completion.vin = ANY(%s) AND completion.state = 'confirmed'
                    ORDER BY completion.vin, plan.recall_number,
                             completion.repair_date DESC, completion.id DESC""",
                vins,
            ),
            log_exceptions=False,
        )
        context = self.env["recall.completion"]._phone_context
        return {
            (text, number): {
                "recallTime": day.isoformat(),
                "repairNum": repair,
                "dealerName": dealer,
                "sealed": sealed,
                "context": context(reported, text, repair),
            }
            for text, number, reported, day, repair, dealer, sealed in (
                self.env.cr.fetchall()
            )
        }

    # === Sandbox === #

    def _play_case(self, text):
        """Do what the sandbox's table says of a VIN before it is answered.

        :raises MessageError: with the status of the case
        """
        case = sandbox.find_case(text)
        if not case:
            return
        if case.api_status != ApiStatus.SUCCESS:
            status = ApiStatus(case.api_status)
            wait = 10 if status is ApiStatus.RATE_LIMITED else None
            raise MessageError(status, status.text, retry_after=wait)
        if case.seconds:
            self._wait_slowly(case.seconds)

    def _wait_slowly(self, seconds):
        """Wait; one request at a time, so that testers cannot hold all servers up."""
        self.env.cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s)", SLOW_LOCK))
        if not self.env.cr.fetchone()[0]:
            raise MessageError(
                ApiStatus.RATE_LIMITED,
                "Another slow answer of the sandbox is under way. Wait 4 seconds.",
                retry_after=seconds,
            )
        time.sleep(seconds)


def _details(grant):
    """Members of a repair that a data user is granted; the sandbox has none."""
    if grant.terms["sandbox"]:
        return []
    return [member for name, member in GRANTED_CONTENTS.items() if grant.terms[name]]


def prepare_record(recall):
    """Annex A no. 1 to 6 and 9 to 12, and whether the recall was carried out."""
    return {
        "producerName": recall.producer,
        "brand": recall.brand,
        "series": recall.series,
        "model": recall.model,
        "recallNum": recall.recall_number,
        "recallStartTime": recall.recall_start.isoformat(),
        "defectDesc": recall.defect,
        "possibleConsequence": recall.consequence,
        "repairMethod": recall.measure,
        "vehicleVin": recall.vin,
        "isRecalled": recall.done,
    }


def _find_wrong(chunk):
    """Texts that are no VIN: why, or "" if it may be a number from before GB 16735."""
    verdicts = vin.check_many(chunk)
    return {
        text: "" if LEGACY_VIN.fullmatch(text) else _find_fault(text)
        for text, good in zip(chunk, verdicts, strict=True)
        if not good
    }


def make_refusal(text):
    """The error that says what is wrong with a VIN."""
    return MessageError(
        ApiStatus.PARAMETER_FORMAT,
        f"The member api_exchange_vin is not a VIN: {_find_fault(text)}.",
        "api_exchange_vin",
    )


def _find_fault(text):
    """Say what is wrong with a VIN."""
    findings = vin.check_vin(text).findings
    return next(item.message for item in findings if item.severity == "error")


def _prepare_result(index, text, count, wrong):
    result = {"index": index, "vehicleVin": text, "status": "found", "count": count}
    if not count:
        result["status"] = "invalid" if text in wrong else "none"
    if result["status"] == "invalid":
        result["message"] = f"Not a VIN: {wrong[text] or _find_fault(text)}."
    return result
