# SPDX-License-Identifier: LGPL-3.0-only
"""The sandbox of the sharing interface: which VIN is answered how.

`CASES` is the one table: the interface answers by it, and the page for developers
shows it. The VINs meet GB 16735 and belong to no vehicle.
"""

from typing import Any, NamedTuple

from odoo.tools import LazyTranslate
from odoo.tools.translate import LazyGettext

_lt = LazyTranslate(__name__)

SUCCESS = 200
#: Recalls that the cases are made of.
OPEN, DONE, OTA, STOP = "open", "done", "ota", "stop"
#: Seconds that the slow answer takes: more than the 3 s after which to ask again.
SLOW = 4


class Case(NamedTuple):
    """One test VIN: what it is answered, and what a program has to show for it."""

    vin: str
    shows: LazyGettext
    recalls: tuple[str, ...] = ()
    api_status: int = SUCCESS
    seconds: int = 0


def _error(vin: str, api_status: int, shows: LazyGettext) -> Case:
    return Case(vin, shows, (), api_status)


CASES = (
    Case("LTZTEST18SA000001", _lt("One open recall"), (OPEN,)),
    Case("LTZTEST1XSA000002", _lt("One recall, carried out"), (DONE,)),
    Case(
        "LTZTEST11SA000003",
        _lt("Three recalls, one carried out"),
        (OPEN, OTA, DONE),
    ),
    Case("LTZTEST13SA000004", _lt("No recall is known")),
    Case("LEGACY-0005", _lt("Number from before GB 16735, one open recall"), (OPEN,)),
    Case("LTZTEST17SA000006", _lt("Open recall by an over-the-air update"), (OTA,)),
    Case("LTZTEST19SA000007", _lt("Open recall: do not drive"), (STOP,)),
    Case(
        "LTZTEST10SA000008",
        _lt("The answer comes after 4 seconds: break off and ask again"),
        (OPEN,),
        seconds=SLOW,
    ),
    _error("LTZTEST27SA000001", -1, _lt("System fault")),
    _error("LTZTEST21SA000401", 401, _lt("Access from a wrong address")),
    _error("LTZTEST23SA000402", 402, _lt("A member is missing")),
    _error("LTZTEST25SA000403", 403, _lt("Invalid token")),
    _error("LTZTEST27SA000404", 404, _lt("Unknown or closed interface")),
    _error("LTZTEST29SA000405", 405, _lt("Expired token")),
    _error("LTZTEST20SA000406", 406, _lt("Disabled data user")),
    _error("LTZTEST22SA000407", 407, _lt("Wrong format")),
    _error("LTZTEST24SA000408", 408, _lt("Not permitted")),
    _error("LTZTEST26SA000409", 409, _lt("Permission could not be checked")),
    _error("LTZTEST22SA000410", 410, _lt("Data user not found")),
    _error("LTZTEST21SA000429", 429, _lt("Too many requests, with Retry-After")),
    _error("LTZTEST23SA000500", 500, _lt("Fault of the gateway")),
    _error("LTZTEST25SA000501", 501, _lt("Fault of the back end")),
    _error("LTZTEST27SA000502", 502, _lt("Method not allowed")),
    _error("LTZTEST29SA000503", 503, _lt("Result could not be converted")),
)

_CASES_BY_VIN = {case.vin: case for case in CASES}

_COMMON = {
    "producerName": "沙箱汽车有限公司",
    "brand": "沙箱",
    "series": "测试系列",
    "model": "TST7000A",
}
_RECALLS = {
    OPEN: {
        "recallNum": "S2025M9901V",
        "recallStartTime": "2025-01-15",
        "defectDesc": "制动软管可能开裂。",
        "possibleConsequence": "制动距离可能变长，存在安全隐患。",
        "repairMethod": "由经销商免费更换制动软管。",
    },
    DONE: {
        "recallNum": "S2024M9902V",
        "recallStartTime": "2024-06-01",
        "defectDesc": "安全带锁扣可能无法锁止。",
        "possibleConsequence": "碰撞时可能无法约束乘员。",
        "repairMethod": "由经销商免费更换安全带锁扣。",
    },
    OTA: {
        "recallNum": "S2025M9903V",
        "recallStartTime": "2025-03-01",
        "defectDesc": "仪表软件可能不显示胎压报警。",
        "possibleConsequence": "驾驶员可能未察觉轮胎失压。",
        "repairMethod": "通过远程升级（OTA）免费更新软件，车主无需到店。",
    },
    STOP: {
        "recallNum": "S2025M9904V",
        "recallStartTime": "2025-05-01",
        "defectDesc": "动力电池可能发生内部短路。",
        "possibleConsequence": "可能起火。维修前请停止使用车辆，并停放在室外。",
        "repairMethod": "由生产者上门拖车，免费更换动力电池。",
    },
}


def find_case(vin: str) -> Case | None:
    """The case of a VIN; None for what is not in the table."""
    return _CASES_BY_VIN.get(vin)


def get_vehicles() -> list[Case]:
    """The cases that stand for a vehicle with recalls, without the slow one."""
    return [case for case in CASES if case.recalls and not case.seconds]


def find_records(vin: str) -> list[dict[str, Any]]:
    """Records of annex C for a VIN: those of its case, none for any other VIN."""
    case = find_case(vin)
    return [_prepare_record(name, vin) for name in case.recalls] if case else []


def _prepare_record(name: str, vin: str) -> dict[str, Any]:
    done = name == DONE
    return {**_COMMON, **_RECALLS[name], "vehicleVin": vin, "isRecalled": done}
