# SPDX-License-Identifier: LGPL-3.0-only
"""For each model of ours: values of a new record, and what a write changes in it."""

import base64
import itertools
from datetime import date, datetime, timedelta

_numbers = itertools.count(1)
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def _name():
    return f"Matrix {next(_numbers)}"


def _wmi():
    more, last = divmod(next(_numbers), len(_LETTERS))
    first, middle = divmod(more, len(_LETTERS))
    return _LETTERS[first] + _LETTERS[middle] + _LETTERS[last]


def _plan(case, producer):
    return {
        "recall_number": case.make_recall_number(year=2096),
        "producer_id": producer.id,
        **dict.fromkeys(("brand", "series", "model"), "Matrix"),
        **dict.fromkeys(("defect", "consequence", "measure"), "Matrix"),
        "recall_start": "2025-01-15",
    }


def _objection(case, producer):
    vehicle = case.env["recall.vehicle"].create(
        {"plan_id": case.get("recall.plan", producer).id, "vin": case.make_vin()}
    )
    return {
        "receipt": _name(),
        "plan_id": vehicle.plan_id.id,
        "vehicle_id": vehicle.id,
        "vin": vehicle.vin,
        "repair_date": date(2025, 3, 1),
        "workshop": "Matrix",
    }


def _completion(case, producer):
    dealer = case.get("recall.dealer", producer)
    return {
        "producer_id": producer.id,
        "recall_number": case.get("recall.plan", producer).recall_number,
        "vin": case.make_vin(),
        "repair_date": "2025-03-01",
        "repair_number": _name(),
        "dealer_name": dealer.name,
        "dealer_id": dealer.id,
    }


def _token(case, producer):
    number = next(_numbers)
    return {
        "name": "Matrix",
        "purpose": "sync",
        "producer_id": producer.id,
        "key_id": f"{number:016x}",
        "digest": "x",
    }


def _notice(case, producer):
    vehicle = case.env["recall.vehicle"].create(
        {"plan_id": case.get("recall.plan", producer).id, "vin": case.make_vin()}
    )
    return {
        "round_id": case.get("recall.notice.round", producer).id,
        "plan_id": vehicle.plan_id.id,
        "producer_id": producer.id,
        "vehicle_id": vehicle.id,
        "vin": vehicle.vin,
        "channel": "letter",
    }


def _appointment(case, producer):
    vehicle = case.env["recall.vehicle"].create(
        {"plan_id": case.get("recall.plan", producer).id, "vin": case.make_vin()}
    )
    return {
        "vin": vehicle.vin,
        "recall_number": vehicle.plan_id.recall_number,
        "planned_at": datetime(2096, 3, 1, 9),
        "producer_id": producer.id,
        "dealer_id": case.get("recall.dealer", producer).id,
        "plan_id": vehicle.plan_id.id,
        "vehicle_id": vehicle.id,
    }


def _enterprise(case, producer):
    # One terminal a producer: the second one is of the producer's record here.
    taken = case.env["recall.enterprise"].search([("producer_id", "=", producer.id)])
    owner = case.get("recall.producer", producer) if taken else producer
    return {
        "producer_id": owner.id,
        "url": "https://matrix.example/recall/v1/sync",
        "api_cfg": "matrix",
    }


def _exchange(case, producer):
    return {
        "enterprise_id": case.get("recall.enterprise", producer).id,
        "started_at": datetime(2025, 3, 1),
        "outcome": "success",
    }


#: Model -> (function of the test case and a producer that gives values, changes).
#: A model comes after those that its values refer to.
FIXTURES = {
    "recall.producer": (
        lambda case, producer: {"name": _name()},
        {"hotline": "400-111-1111"},
    ),
    "recall.wmi": (
        lambda case, producer: {"code": _wmi(), "manufacturer": "Matrix"},
        {"manufacturer": "Other"},
    ),
    "recall.dealer": (
        lambda case, producer: {"name": _name(), "producer_id": producer.id},
        {"region": "310115"},
    ),
    "recall.finding": (
        lambda case, producer: {"code": _name(), "name": "Matrix"},
        {"name": "Other"},
    ),
    "recall.plan": (_plan, {"brand": "Other"}),
    "recall.plan.line": (
        lambda case, producer: {
            "plan_id": case.get("recall.plan", producer).id,
            "brand": "Matrix",
            "series": "Matrix",
        },
        {"brand": "Other"},
    ),
    "recall.plan.part": (
        lambda case, producer: {
            "plan_id": case.get("recall.plan", producer).id,
            "number": _name(),
        },
        {"name": "Other"},
    ),
    "recall.vehicle": (
        lambda case, producer: {
            "plan_id": case.get("recall.plan", producer).id,
            "vin": case.make_vin(),
        },
        {"state": "done"},
    ),
    "recall.completion": (_completion, {"state": "confirmed"}),
    "recall.vin.exception": (
        lambda case, producer: {
            "vin": f"MATRIX-{next(_numbers)}",
            "producer_id": producer.id,
            "reason": "Matrix",
            "document": base64.b64encode(b"Matrix"),
        },
        {"reason": "Other"},
    ),
    "recall.review.reason": (
        lambda case, producer: {"name": "Matrix", "code": _name()},
        {"name": "Other"},
    ),
    "recall.completion.event": (
        lambda case, producer: {
            "completion_id": case.get("recall.completion", producer).id,
            "time": datetime(2025, 3, 1),
            "deed": "confirmed",
        },
        {"deed": "restored"},
    ),
    "recall.completion.review": (
        lambda case, producer: {"purpose": "reject"},
        {"note": "Other"},
    ),
    "recall.token": (_token, {"name": "Other"}),
    "recall.token.issue": (
        lambda case, producer: {
            "name": "Matrix",
            "purpose": "sync",
            "producer_id": producer.id,
        },
        {"name": "Other"},
    ),
    "recall.plan.version": (
        lambda case, producer: {
            "plan_id": case.get("recall.plan", producer).id,
            "number": 100 + next(_numbers),
            "origin": "form",
        },
        {"reason": "Other"},
    ),
    "recall.plan.step": (
        lambda case, producer: {
            "plan_id": case.get("recall.plan", producer).id,
            "target": "finished",
            "reason": "Matrix",
        },
        {"reason": "Other"},
    ),
    "recall.plan.removal": (
        lambda case, producer: {
            "plan_id": case.get("recall.plan", producer).id,
            "vins": "Matrix",
            "reason": "Matrix",
        },
        {"reason": "Other"},
    ),
    "recall.key": (
        lambda case, producer: {"section": "seal", "kid": _name(), "state": "free"},
        {"state": "needed"},
    ),
    "recall.reseal": (
        lambda case, producer: {"res_model": _name()},
        {"position": 1},
    ),
    "recall.erasure": (lambda case, producer: {"kind": "vin"}, {"shown": "Other"}),
    "recall.erasure.line": (
        lambda case, producer: {
            "erasure_id": case.get("recall.erasure", producer).id,
            "res_model": "recall.completion",
            "res_id": 1,
        },
        {"shown": "Other"},
    ),
    "recall.announcement": (
        lambda case, producer: {"number": _name()},
        {"title": "Other"},
    ),
    "recall.filing.system": (
        lambda case, producer: {"name": _name()},
        {"operator": "Other"},
    ),
    "recall.plan.interface": (
        lambda case, producer: {
            "name": "Matrix",
            "filing_system_id": case.get("recall.filing.system", producer).id,
        },
        {"name": "Other"},
    ),
    "recall.plan.interface.log": (
        lambda case, producer: {"time": datetime(2025, 3, 1), "api_status": 200},
        {"address": "Other"},
    ),
    "recall.import": (
        lambda case, producer: {
            "kind": "vins",
            "plan_id": case.get("recall.plan", producer).id,
        },
        {"test_rows": "all"},
    ),
    "recall.import.column": (
        lambda case, producer: {
            "import_id": case.get("recall.import", producer).id,
            "position": next(_numbers),
            "header": "Matrix",
        },
        {"target": "vins.vin"},
    ),
    "recall.import.error": (
        lambda case, producer: {
            "import_id": case.get("recall.import", producer).id,
            "row": 7,
            "code": "format",
        },
        {"value": "other"},
    ),
    "recall.import.chunk": (
        lambda case, producer: {
            "import_id": case.get("recall.import", producer).id,
            "number": next(_numbers),
            "sealed": "x",
        },
        {"sealed": "y"},
    ),
    "recall.import.template": (
        lambda case, producer: {
            "kind": "vins",
            "producer_id": producer.id,
            "header_digest": _name(),
        },
        {"targets": ["vins.vin"]},
    ),
    "recall.audit.event": (
        lambda case, producer: {"action": "matrix.deed"},
        {"action": "matrix.other"},
    ),
    "recall.audit.checkpoint": (
        lambda case, producer: {
            "size": 10**6 + next(_numbers),
            "algorithm": "sm3",
            "root_hash": "x",
            "chain_hash": "x",
            "note": "x",
        },
        {"chain_hash": "y"},
    ),
    "recall.audit.verification": (
        lambda case, producer: {"state": "stopped"},
        {"state": "unbroken"},
    ),
    "recall.witness": (
        lambda case, producer: {
            "producer_id": producer.id,
            "note": _name(),
            "key": "x",
            "verdict": "fits",
        },
        {"verdict": "split"},
    ),
    "recall.interface": (
        lambda case, producer: {
            "name": "Matrix",
            "producer_id": producer.id,
            "purpose": "collect",
        },
        {"name": "Other"},
    ),
    "recall.delivery": (
        lambda case, producer: {
            "producer_id": producer.id,
            "interface_id": case.get("recall.interface", producer).id,
            "mode": "plain",
        },
        {"record_count": 7},
    ),
    "recall.punctuality": (
        lambda case, producer: {"producer_id": producer.id, "month": "2096-03-01"},
        {"late_count": 7},
    ),
    "recall.appointment": (_appointment, {"state": "kept"}),
    "recall.appointment.postponement": (
        lambda case, producer: {
            "appointment_id": case.get("recall.appointment", producer).id,
            "planned_from": datetime(2096, 3, 1, 9),
            "planned_to": datetime(2096, 3, 2, 9),
            "reason": "owner",
        },
        {"reason": "parts"},
    ),
    "recall.appointment.postpone": (
        lambda case, producer: {
            "appointment_id": case.get("recall.appointment", producer).id,
            "planned_at": datetime(2096, 3, 3, 9),
            "reason": "owner",
        },
        {"reason": "parts"},
    ),
    "recall.plan.dealer": (
        lambda case, producer: {
            "plan_id": case.make_plan(producer).id,
            "dealer_id": case.get("recall.dealer", producer).id,
        },
        {"quantity": 7},
    ),
    "recall.dealer.assignment": (
        lambda case, producer: {"plan_id": case.get("recall.plan", producer).id},
        {"vins": "Matrix"},
    ),
    "recall.owner.contact": (
        lambda case, producer: {
            "producer_id": producer.id,
            "vin": case.make_vin(),
            "phone": "13800138000",
        },
        {"lang": "en_US"},
    ),
    "recall.notice.template": (
        lambda case, producer: {"name": "Matrix", "producer_id": producer.id},
        {"name": "Other"},
    ),
    "recall.notice.round": (
        lambda case, producer: {
            "plan_id": case.get("recall.plan", producer).id,
        },
        {"wait_days": 7},
    ),
    "recall.notice": (_notice, {"state": "reached"}),
    "recall.notice.file": (
        lambda case, producer: {
            "round_id": case.get("recall.notice.round", producer).id,
            "name": "Matrix",
        },
        {"name": "Other"},
    ),
    "recall.notice.result": (
        lambda case, producer: {
            "round_id": case.get("recall.notice.round", producer).id,
        },
        {"reason": "Other"},
    ),
    "recall.vehicle.report": (
        lambda case, producer: {
            "name": "Matrix",
            "producer_id": producer.id,
            "vehicle_state": "unreachable",
        },
        {"note": "Other"},
    ),
    "recall.vehicle.report.line": (
        lambda case, producer: {
            "report_id": case.get("recall.vehicle.report", producer).id,
            "vin": case.make_vin(),
            "outcome": "moved",
        },
        {"outcome": "same"},
    ),
    "recall.interface.log": (
        lambda case, producer: {
            "time": datetime(2025, 3, 1),
            "kind": "sync",
            "producer_id": producer.id,
        },
        {"api_status": 200},
    ),
    "recall.interface.test": (
        lambda case, producer: {
            "interface_id": case.get("recall.interface", producer).id
        },
        {"finished_at": datetime(2025, 3, 1)},
    ),
    "recall.interface.test.line": (
        lambda case, producer: {
            "test_id": case.get("recall.interface.test", producer).id,
            "name": "Matrix",
            "mark": "good",
        },
        {"finding": "Other"},
    ),
    "recall.enterprise": (_enterprise, {"api_cfg": "other"}),
    "recall.exchange": (_exchange, {"outcome": "timeout"}),
    "recall.enterprise.history": (
        lambda case, producer: {
            "enterprise_id": case.get("recall.enterprise", producer).id,
            "state": "working",
            "started_at": datetime(2025, 3, 1),
            "ended_at": datetime(2025, 3, 2),
        },
        {"error": "Other"},
    ),
    "recall.enterprise.call": (
        lambda case, producer: {
            "enterprise_id": case.get("recall.enterprise", producer).id,
        },
        {"error": "Other"},
    ),
    "recall.availability.day": (
        lambda case, producer: {
            "enterprise_id": case.get("recall.enterprise", producer).id,
            "day": date(2025, 1, 1) + timedelta(days=next(_numbers)),
        },
        {"rounds": 7},
    ),
    "recall.incident": (
        lambda case, producer: {
            "enterprise_id": case.get("recall.enterprise", producer).id,
            "kind": "slow",
            "opened_at": datetime(2025, 3, 1),
            "last_seen_at": datetime(2025, 3, 1),
            "closed_at": datetime(2025, 3, 2),
        },
        {"error": "Other"},
    ),
    "recall.heartbeat": (
        lambda case, producer: {"name": _name(), "beat_at": datetime(2025, 3, 1)},
        {"beat_at": datetime(2025, 3, 2)},
    ),
    "recall.quarantine": (
        lambda case, producer: {
            "enterprise_id": case.get("recall.enterprise", producer).id,
            "exchange_id": case.get("recall.exchange", producer).id,
            "vin": case.make_vin(),
        },
        {"state": "closed"},
    ),
    "recall.quarantine.reason": (
        lambda case, producer: {"name": "Matrix", "code": _name(), "purpose": "close"},
        {"name": "Other"},
    ),
    "recall.quarantine.event": (
        lambda case, producer: {
            "entry_id": case.get("recall.quarantine", producer).id,
            "time": datetime(2025, 3, 1),
            "user_id": case.env.uid,
            "deed": "closed",
        },
        {"note": "Other"},
    ),
    "recall.quarantine.decide": (
        lambda case, producer: {"purpose": "close"},
        {"note": "Other"},
    ),
    "recall.refusal": (
        lambda case, producer: {
            "producer_id": producer.id,
            "reference": next(_numbers),
            "status": "open",
            "state": "open",
            **dict.fromkeys(("recall_number", "vin", "repair_number"), "Matrix"),
            "received_at": datetime(2025, 3, 1),
            "told_at": datetime(2025, 3, 1),
        },
        {"message": "Other"},
    ),
    "recall.plan.statistic": (
        lambda case, producer: {
            "plan_id": case.make_plan(producer).id,
            "computed_on": date(2025, 3, 1),
        },
        {"days_to_50": 7},
    ),
    "recall.statistic.day": (
        lambda case, producer: {
            "plan_id": case.get("recall.plan", producer).id,
            "day": date(2025, 1, 1) + timedelta(days=next(_numbers)),
            "repairs": 1,
            "late": 0,
        },
        {"late": 7},
    ),
    "recall.statistic.month": (
        lambda case, producer: {
            "plan_id": case.make_plan(producer).id,
            "month": date(2025, 1, 1),
            "repairs": 1,
            "late": 0,
        },
        {"late": 7},
    ),
    "recall.statistic.dealer": (
        lambda case, producer: {
            "plan_id": case.make_plan(producer).id,
            "repairs": 1,
            "late": 0,
        },
        {"late": 7},
    ),
    "recall.statistic.age": (
        lambda case, producer: {"plan_id": case.make_plan(producer).id, "repairs": 1},
        {"repairs": 7},
    ),
    "recall.yearly.figure": (
        lambda case, producer: {"year": 3000 + next(_numbers), "source": "Matrix"},
        {"source": "Other"},
    ),
    "recall.data.user": (
        lambda case, producer: {"name": _name(), "purpose": "Matrix"},
        {"purpose": "Other"},
    ),
    "recall.share.interface": (
        lambda case, producer: {
            "name": "Matrix",
            "data_user_id": case.get("recall.data.user", producer).id,
        },
        {"name": "Other"},
    ),
    "recall.data.application": (
        lambda case, producer: {
            "name": _name(),
            "credit_code": "91350100M000100Y43",
            "kind": "other",
            "contact_name": "Matrix",
            "email": "matrix@example.com",
            "phone": "021-1",
            "purpose": "Matrix",
            "legal_basis": "Matrix",
        },
        {"purpose": "Other"},
    ),
    "recall.data.application.decide": (
        lambda case, producer: {
            "application_id": case.get("recall.data.application", producer).id,
            "decision": "refuse",
        },
        {"words": "Other"},
    ),
    "recall.data.user.suspend": (
        lambda case, producer: {"reason": "Matrix"},
        {"reason": "Other"},
    ),
    "recall.department.report": (
        lambda case, producer: {"period": "last_year"},
        {"period": "last_month"},
    ),
    "recall.usage.report": (
        lambda case, producer: {"date_from": "2025-01-01"},
        {"date_from": "2025-01-02"},
    ),
    "recall.share.usage": (
        lambda case, producer: {
            "hour": datetime(2025, 1, 1, next(_numbers) % 24),
            "method": "one",
            "api_status": next(_numbers),
        },
        {"request_count": 2},
    ),
    "recall.lookup.usage": (
        lambda case, producer: {
            "hour": datetime(2025, 1, 1 + next(_numbers) % 28, next(_numbers) % 24),
            "answer": "open",
            "lang": "en_US",
        },
        {"lookup_count": 2},
    ),
    "recall.lookup.alarm": (
        lambda case, producer: {
            "kind": "quota",
            "interface_id": case.get("recall.share.interface", producer).id,
            "opened_at": datetime(2025, 3, 1),
            "last_seen_at": datetime(2025, 3, 1),
            "acknowledged_at": datetime(2025, 3, 2),
        },
        {"acknowledged_at": datetime(2025, 3, 3)},
    ),
    "recall.share.export": (
        lambda case, producer: {"cursor": _name(), "state": "done"},
        {"record_count": 2},
    ),
    "recall.share.export.file": (
        lambda case, producer: {
            "export_id": case.get("recall.share.export", producer).id,
            "format": "csv",
            "name": _name(),
            "size": 1,
            "sha256": "0",
            "record_count": 1,
            "attachment_id": case.env["ir.attachment"].create({"name": "Matrix"}).id,
        },
        {"size": 2},
    ),
    "recall.open.data": (
        lambda case, producer: {
            "name": _name(),
            "day": "2025-01-01",
            "row_count": 1,
            "size": 1,
            "sha256": "0",
            "content": base64.b64encode(b"Matrix"),
        },
        {"size": 2},
    ),
    "recall.plan.progress": (
        lambda case, producer: {
            "plan_id": case.make_plan(producer).id,
            "day": "2025-01-01",
            **dict.fromkeys(("vehicles", "countable", "done"), 1),
        },
        {"done": 2},
    ),
    "recall.quarantine.recheck": (
        lambda case, producer: {
            "enterprise_id": case.get("recall.enterprise", producer).id
        },
        {"entry_position": 2},
    ),
    "recall.subscriber": (
        lambda case, producer: {"email": f"matrix{next(_numbers)}@example.com"},
        {"rhythm": "weekly"},
    ),
    "recall.phone.code": (
        lambda case, producer: {"phone_digest": _name(), "state": "sent"},
        {"tries": 2},
    ),
    "recall.webhook": (
        lambda case, producer: {
            "name": _name(),
            "data_user_id": case.get("recall.data.user", producer).id,
            "url": "https://matrix.example.com/hook",
            "email": "matrix@example.com",
        },
        {"name": "Other"},
    ),
    "recall.webhook.message": (
        lambda case, producer: {
            "webhook_id": case.get("recall.webhook", producer).id,
            "event": "test",
            "reference": _name(),
            "number": next(_numbers),
            "payload": "{}",
        },
        {"attempts": 2},
    ),
    "recall.webhook.secret": (
        lambda case, producer: {"webhook_id": case.get("recall.webhook", producer).id},
        {"webhook_id": False},
    ),
    "recall.fleet.vehicle": (
        lambda case, producer: {
            "data_user_id": case.get("recall.data.user", producer).id,
            "vin": case.make_vin(),
        },
        {"added_at": "2025-01-01 00:00:00"},
    ),
    "recall.fleet.match": (
        lambda case, producer: {
            "data_user_id": case.get("recall.data.user", producer).id,
            "fleet_vehicle_id": case.get("recall.fleet.vehicle", producer).id,
            "plan_id": case.get("recall.plan", producer).id,
        },
        {"plan_id": False},
    ),
    "recall.fleet.mail": (
        lambda case, producer: {
            "data_user_id": case.get("recall.data.user", producer).id,
            "email": "matrix@example.com",
        },
        {"email": "other@example.com"},
    ),
    "recall.publication": (
        lambda case, producer: {
            "plan_id": case.make_plan(producer).id,
            "time": datetime(2025, 3, 1),
        },
        {"time": datetime(2025, 3, 2)},
    ),
    "recall.subscription": (
        lambda case, producer: {
            "email": f"matrix{next(_numbers)}@example.com",
            "brand": "Matrix",
        },
        {"brand": "Other"},
    ),
    "recall.push": (
        lambda case, producer: {
            "subscription_id": case.get("recall.subscription", producer).id,
            "plan_id": case.make_plan(producer).id,
            "event": "published",
        },
        {"failure": "Other"},
    ),
    "recall.objection": (_objection, {"state": "settled"}),
    "recall.objection.photo": (
        lambda case, producer: {
            "objection_id": case.get("recall.objection", producer).id,
            "number": 1,
            "kind": "pdf",
            "content": base64.b64encode(b"Matrix"),
            "digest": _name(),
        },
        {"number": 2},
    ),
    "recall.objection.reason": (
        lambda case, producer: {"name": "Matrix", "code": _name(), "purpose": "refuse"},
        {"name": "Other"},
    ),
    "recall.objection.decide": (
        lambda case, producer: {"purpose": "refuse"},
        {"note": "Other"},
    ),
}
#: Models whose records belong to no producer.
SHARED = {
    "recall.wmi",
    "recall.review.reason",
    "recall.completion.review",
    "recall.finding",
    "recall.plan.step",
    "recall.plan.removal",
    "recall.key",
    "recall.reseal",
    "recall.erasure",
    "recall.erasure.line",
    "recall.announcement",
    "recall.filing.system",
    "recall.plan.interface",
    "recall.plan.interface.log",
    "recall.audit.event",
    "recall.audit.checkpoint",
    "recall.audit.verification",
    "recall.heartbeat",
    "recall.quarantine.reason",
    "recall.quarantine.decide",
    "recall.yearly.figure",
    "recall.data.user",
    "recall.share.interface",
    "recall.share.usage",
    "recall.lookup.usage",
    "recall.lookup.alarm",
    "recall.share.export",
    "recall.share.export.file",
    "recall.open.data",
    "recall.plan.progress",
    "recall.subscriber",
    "recall.phone.code",
    "recall.webhook",
    "recall.webhook.message",
    "recall.webhook.secret",
    "recall.fleet.vehicle",
    "recall.fleet.match",
    "recall.fleet.mail",
    "recall.data.application",
    "recall.data.application.decide",
    "recall.data.user.suspend",
    "recall.usage.report",
    "recall.department.report",
    "recall.publication",
    "recall.subscription",
    "recall.push",
    "recall.objection.reason",
    "recall.objection.decide",
}
