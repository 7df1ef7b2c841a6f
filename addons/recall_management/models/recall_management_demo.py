# SPDX-License-Identifier: LGPL-3.0-only
import json
import logging
import time
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.tools import file_open

from odoo.addons.recall_base.tools import cipher, messages, vin
from odoo.addons.recall_base.tools.http_client import Answer
from odoo.addons.recall_base.tools.plan_messages import PlanMessage

from ..tools.puller import Fetched

_logger = logging.getLogger(__name__)

VEHICLES = 60  # of each made-up plan
DONE_SHARE = 2 / 3
DAYS = 40  # from the first repair to today
NEVER = datetime(2099, 1, 1)  # demo terminals have no address to ask
#: What is wrong with some of the records, one kind a record.
FAULTS = (
    {"dealerName": "名单外的经销商"},
    {"recallTime": "2020-01-01"},
    {"vehicleVin": "LTYAA11B1SA99999X"},
    {"recallNum": "S2026M9999V"},
    {"telNum": "12"},
)
NOT_PRINTED = "所读公告页未载明"


class RecallManagementDemo(models.AbstractModel):
    """Demo data: real announcements as plans, two made-up producers with reports.

    No vehicle, repair or terminal belongs to a real producer. Reports come in as they
    do from a terminal: the counters, the quarantine and the exchanges are genuine.
    """

    _name = "recall.management.demo"
    _description = "Demo data of the management terminal"

    @api.model
    def _load(self):
        for fact in self._read_announcements():
            self._take_in_plan(fact)
        try:
            cipher.KeyRing.from_environment()
        except cipher.KeyFileError:
            _logger.info("Demo terminals are left out: RECALL_KEY_FILE names no keys.")
            return
        working = self._make_terminal("演示汽车有限公司", "LTX", 9101)
        self._make_terminal("样本汽车有限公司", "LTY", 9102)
        self._report_repairs(working)

    def _read_announcements(self):
        """The announcements whose page prints the recall number and all the rest."""
        with file_open("recall_base/demo/announcements.json") as file:
            facts = json.load(file)["announcements"]
        return [fact for fact in facts if fact["recall_number"]]

    def _take_in_plan(self, fact):
        message = {
            "producerName": fact["producer"],
            "brand": fact["brand"],
            "series": fact["series"],
            "model": "/".join(fact.get("model", [])) or fact["series"],
            "recallNum": fact["recall_number"],
            "recallStartTime": fact["recall_start"],
            "announced": fact["announced"],
            "numRecall": fact["quantity"],
            "vinRange": fact["vin_range"] or NOT_PRINTED,
            "defectDesc": fact["defect"],
            "possibleConsequence": fact["consequence"],
            "repairMethod": fact["remedy"],
            "overTheAir": bool(fact["ota"]),
            "source": "; ".join(fact["source"]),
        }
        self._take_in(message)

    def _take_in(self, message):
        return self.env["recall.plan"]._take_in(
            messages.validate(PlanMessage, message)
        )["plan"]

    def _make_terminal(self, name, wmi, sequence):
        """A made-up producer with a plan of made-up vehicles, and its terminal."""
        start = fields.Date.today() - timedelta(days=DAYS + 5)
        plan = self._take_in(
            {
                "producerName": name,
                "brand": name[:2],
                "series": "S5",
                "model": "YSZ7000A",
                "recallNum": f"S{start.year}M{sequence}V",
                "recallStartTime": str(start),
                "announced": str(start - timedelta(days=10)),
                "numRecall": VEHICLES,
                "vinRange": f"{wmi}AA11B*SA000001-{wmi}AA11B*SA{VEHICLES:06}",
                "defectDesc": "制动软管接头可能渗漏，制动距离可能变长。",
                "possibleConsequence": "增加碰撞风险，存在安全隐患。",
                "repairMethod": "免费更换改进后的制动软管。",
                "parts": [{"partNumber": "BH-01", "partName": "制动软管"}],
                "dealers": [
                    {"dealerName": f"{city}{name[:2]}销售服务有限公司", "region": code}
                    for city, code in (
                        ("上海", "310115"),
                        ("北京", "110105"),
                        ("广州", "440106"),
                        ("成都", "510107"),
                    )
                ],
                "vins": [
                    {"vin": vin.make_vin(wmi, "AA11B", "S", "A", f"{number:06}")}
                    for number in range(1, VEHICLES + 1)
                ],
            }
        )
        return self.env["recall.enterprise"].create(
            {
                "producer_id": plan.producer_id.id,
                "url": f"https://terminal-{wmi.lower()}.example/recall/v1/sync",
                "api_cfg": f"demo-{wmi.lower()}",
                "api_token": "demo.demo",
                "next_pull_at": NEVER,
            }
        )

    def _report_repairs(self, terminal):
        """Take reports in as if the terminal had been asked once a week."""
        records = self._prepare_records(terminal.producer_id)
        for week in range(0, len(records), 10):
            answer = {
                "records": records[week : week + 10],
                "count": len(records[week : week + 10]),
                "api_status": 200,
            }
            body = json.dumps(answer, ensure_ascii=False).encode()
            self.env.flush_all()
            self.env["recall.intake"]._take_in(
                terminal,
                Fetched(
                    terminal.id, {}, time.time(), 0.4, Answer(200, body, 0.4, None)
                ),
                messages.parse_sync_answer(body),
            )
        terminal.write({"state": "working", "last_success_at": fields.Datetime.now()})

    def _prepare_records(self, producer):
        plan = producer.plan_ids
        dealers = producer.dealer_ids
        vehicles = plan.vehicle_ids.sorted("vin")[: int(VEHICLES * DONE_SHARE)]
        first = fields.Date.today() - timedelta(days=DAYS)
        records = []
        for number, vehicle in enumerate(vehicles):
            day = first + timedelta(days=number * DAYS // len(vehicles))
            records.append(
                {
                    "recallNum": plan.recall_number,
                    "vehicleVin": vehicle.vin,
                    "recallTime": str(day),
                    "repairNum": f"YS-{number:04}",
                    "dealerName": dealers[number % len(dealers)].name,
                    "telNum": f"138{number:08}",
                    "collectTime": f"{day + timedelta(days=1)} 08:00:00",
                }
            )
        for record, fault in zip(records[::8], FAULTS, strict=True):
            record.update(fault)
        return records
