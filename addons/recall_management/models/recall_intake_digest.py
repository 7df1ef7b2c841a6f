# SPDX-License-Identifier: LGPL-3.0-only
import functools
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from odoo import api, models

from odoo.addons.recall_base.models.recall_completion_check import Report, judge_vins
from odoo.addons.recall_base.models.recall_staging import EncodedRows
from odoo.addons.recall_base.tools import cipher, messages
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError


class Prepared(NamedTuple):
    """Records that are ready to be staged."""

    records: list  # of ``tools.messages.SyncRecord``, as they are numbered in ``rows``
    contradicting: set  # positions of those that contradict one before them
    rows: EncodedRows
    odd_vins: frozenset  # not of the form of GB 16735, as far as is known here


class Digest(NamedTuple):
    """What is made of an answer before it meets the database."""

    body: dict[str, Any]  # values of ``recall.exchange``
    parsed: messages.ParsedAnswer | None = None
    error: MessageError | None = None
    prepared: Prepared | None = None


class RecallIntake(models.AbstractModel):
    """The part of the taking in that needs no database.

    A fetching thread does it while the database works on the answer before: decoding,
    the rules about texts, the sealing of phone numbers and of the body. It is half of
    all the work.
    """

    _inherit = "recall.intake"

    @api.model
    def _digester(self, enterprise):
        """Make the function that a fetching thread applies to an answer.

        :returns: function ``(tools.http_client.Answer) -> Digest``
        """
        pack = self.env["recall.exchange"]._packer(enterprise)
        prepare = self._preparer(enterprise)

        def digest(answer):
            body = pack(answer.body)
            try:
                parsed = messages.parse_sync_answer(answer.body)
            except MessageError as error:
                return Digest(body, error=error)
            prepared = None
            if parsed.status is ApiStatus.SUCCESS:
                prepared = prepare(*leave_out_superseded(parsed.records))
            return Digest(body, parsed, prepared=prepared)

        return digest

    @api.model
    def _preparer(self, enterprise):
        """Make the function that prepares records for staging; it may run in a thread.

        :returns: function ``(records, contradicting, excepted=()) -> Prepared``;
            ``excepted`` are VINs whose form does not count
        """
        producer = enterprise.producer_id
        zone = producer.timezone
        prepare_rows = self.env["recall.completion.check"]._preparer(producer.id)
        keys = cipher.KeyRing.from_environment()
        rotated = len(keys.blind_keys) > 1

        def extra_row(index, record, contradicting):
            older = keys.blinds(record.telNum)[1:] if rotated else None
            return (
                record.recordKind,
                record.recordVersion,
                _to_utc(record.collectTime, zone),
                index in contradicting,
                older and f"{{{','.join(older)}}}",
                None,
            )

        def prepare(records, contradicting, excepted=()):
            reports = [Report.from_message(record) for record in records]
            odd = set()

            def find_excepted(vins):
                odd.update(vins)
                return excepted

            vins_good = judge_vins(reports, find_excepted)
            extra_rows = [
                extra_row(index, record, contradicting)
                for index, record in enumerate(records)
            ]
            rows = EncodedRows(prepare_rows(reports, vins_good, extra_rows))
            return Prepared(records, contradicting, rows, frozenset(odd))

        return prepare

    @api.model
    def _finish_preparing(self, enterprise, prepared):
        """Prepare records anew where VINs are excepted from GB 16735: a thread cannot
        know them."""
        if not prepared.odd_vins:
            return prepared
        excepted = self.env["recall.vin.exception"]._find_approved(
            enterprise.producer_id.id, set(prepared.odd_vins)
        )
        if not excepted:
            return prepared
        prepare = self._preparer(enterprise)
        return prepare(prepared.records, prepared.contradicting, excepted)


def leave_out_superseded(records):
    """Leave out what other records of the same answer make superfluous.

    Of several records of one key the newest version counts. What says other things
    under the same version contradicts the first of them.

    :param records: list of ``tools.messages.SyncRecord``
    :returns: ``(records that are left, set of the positions that contradict)``
    """
    newest = {}
    for record in records:
        best = newest.setdefault(_key(record), record)
        if record.recordVersion > best.recordVersion:
            newest[_key(record)] = record
    if len(newest) == len(records):
        return records, set()
    left, contradicting = [], set()
    for record in records:
        best = newest[_key(record)]
        if record is not best:
            if record.recordVersion < best.recordVersion or _same(record, best):
                continue
            contradicting.add(len(left))
        left.append(record)
    return left, contradicting


def _key(record):
    return record.recallNum, record.vehicleVin, record.repairNum


def _same(record, other):
    return record.model_copy(update={"collectTime": other.collectTime}) == other


@functools.lru_cache(maxsize=256)
def _to_utc(text, zone):
    """The moment that ``collectTime`` names in the producer's zone."""
    moment = datetime.fromisoformat(text)
    try:
        return (
            moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
        )
    except OverflowError:  # at the ends of the calendar
        return moment
