# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models

from odoo.addons.recall_base.models.recall_import_kind import (
    Column,
    Fault,
    Outcome,
    vin_column,
)
from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools import vin as vin_tools

from .recall_owner_contact import PARTS, STAGED_COLUMNS, ContactFault, seal_contact

#: What people write for a language, in lower case.
_LANGUAGES = {
    "": "zh_CN",
    "zh_cn": "zh_CN",
    "zh": "zh_CN",
    "中文": "zh_CN",
    "en_us": "en_US",
    "en": "en_US",
    "英文": "en_US",
}


class RecallImport(models.Model):
    _inherit = "recall.import"

    kind = fields.Selection(
        selection_add=[("owners", "Owner contacts")], ondelete={"owners": "cascade"}
    )


class RecallImportKindOwners(models.AbstractModel):
    """A producer's owner contacts by file: the last row of a VIN stands."""

    _name = "recall.import.kind.owners"
    _inherit = "recall.import.kind"
    _description = "Import of owner contacts"

    _groups = "recall_enterprise.group_clerk"

    def _columns(self):
        return [
            vin_column(self.env),
            Column(
                "name",
                self.env._("Owner"),
                aliases=("车主", "车主姓名", "姓名", "owner name"),
                example="张三",
                personal=True,
            ),
            Column(
                "phone",
                self.env._("Phone"),
                size=40,
                aliases=("手机号", "手机号码", "联系电话", "telNum", "mobile"),
                example="13800138000",
                personal=True,
            ),
            Column(
                "email",
                self.env._("Mail address"),
                size=254,
                aliases=("邮箱", "电子邮箱", "e-mail", "email"),
                example="zhang@example.com",
                personal=True,
            ),
            Column(
                "address",
                self.env._("Postal address"),
                aliases=("地址", "通讯地址", "邮寄地址", "address"),
                example="上海市浦东新区示例路1号",
                personal=True,
            ),
            Column(
                "lang",
                self.env._("Language"),
                size=20,
                aliases=("语言", "language"),
                example="zh_CN",
            ),
        ]

    def _prepare(self, job):
        """Check and seal in a thread; gives ``(rows to stage, faults)``."""
        keys = cipher.KeyRing.from_environment()
        producer_id = job.producer_id.id
        # sudo: a clerk sees no exceptions, but they hold for its files.
        exceptions = self.env["recall.vin.exception"].sudo()
        approved = [("producer_id", "=", producer_id), ("state", "=", "approved")]
        excepted = set(exceptions.search_fetch(approved, ["vin"]).mapped("vin"))

        def prepare(items):
            rows, faults = [], []
            for item in items:
                found = list(_find_faults(item, excepted))
                if not found:
                    try:
                        rows.append(_prepare_row(keys, producer_id, item))
                    except ContactFault as fault:
                        found = [Fault(item.number, fault.code, fault.part)]
                faults += found
            return rows, faults

        return prepare

    def _take_in(self, job, prepared):
        rows, faults = prepared
        staged = self.env["recall.staging"]._load(
            "recall_owner_contact_staging", {"position": "int", **STAGED_COLUMNS}, rows
        )
        taken = self.env["recall.owner.contact"]._merge(job.producer_id, staged)
        return Outcome(taken=taken, repeated=len(rows) - taken, faults=faults)


def _find_faults(item, excepted):
    """Yield what makes a row useless before anything is sealed."""
    vin, *texts, lang = item.values
    if vin not in excepted and not vin_tools.is_vin(vin):
        codes = (finding.code for finding in vin_tools.check_vin(vin).findings)
        yield from (
            Fault(item.number, code, "vin", vin) for code in dict.fromkeys(codes)
        )
    if not any(texts[1:]):
        yield Fault(item.number, "contact_empty")
    if lang.lower() not in _LANGUAGES:
        yield Fault(item.number, "contact_language", "lang", lang)


def _prepare_row(keys, producer_id, item):
    vin, *texts, lang = item.values
    parts = dict(zip(PARTS, texts, strict=True))
    vals = seal_contact(keys, producer_id, vin, parts)
    vals |= {"vin": vin, "lang": _LANGUAGES[lang.lower()]}
    return (item.number, *(vals[column] for column in STAGED_COLUMNS))
