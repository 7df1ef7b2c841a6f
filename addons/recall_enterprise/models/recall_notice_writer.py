# SPDX-License-Identifier: LGPL-3.0-only
import base64
import functools
import io
from typing import NamedTuple

import qrcode
from cryptography.hazmat.primitives import hashes
from markupsafe import Markup, escape

from odoo import api, models

from odoo.addons.recall_base.tools import phone

from ..tools import notice_text

#: What a sentence of the product says in the language of the owner, which need not be
#: one that people work with here.
PHRASES = {
    "zh_CN": {
        "owner": "车主",
        "dealer": "本公司授权经销商",
        "free_of_charge": "本次召回维修免费",
        "separator": "、",
        "qr": "扫描二维码，查询召回信息",
        "hotline": "服务热线",
    },
    "en_US": {
        "owner": "owner",
        "dealer": "any of our authorised dealers",
        "free_of_charge": "the repair is free of charge",
        "separator": ", ",
        "qr": "Scan the code to look up this recall",
        "hotline": "Hotline",
    },
}


@functools.lru_cache(maxsize=32)
def _draw_qr(url):
    """PNG of a QR code: one for all messages of a producer."""
    buffer = io.BytesIO()
    qrcode.make(url, border=2, box_size=6).save(buffer)
    return buffer.getvalue()


class Message(NamedTuple):
    """One message to one owner, for one or more vehicles, ready to hand over."""

    lead_id: int
    reference: str
    lang: str
    parts: dict  # recall.owner.contact PARTS in clear
    subject: str
    text: str
    html: Markup

    @property
    def digest(self):
        """SM3 of what was said, kept as evidence instead of the text itself."""
        digest = hashes.Hash(hashes.SM3())
        digest.update(f"{self.subject}\n{self.text}".encode())
        return digest.finalize().hex()


class RecallNoticeWriter(models.AbstractModel):
    """Writes the messages of a notice round, each in its owner's language."""

    _name = "recall.notice.writer"
    _description = "Writer of owner notices"

    @api.model
    def _write_messages(self, notices, opened):
        """Write the messages that tell of these notices.

        :param notices: ``recall.notice`` of one round; those with one lead make one
            message
        :param dict opened: lead -> its owner's PARTS in clear; the others get none
        :returns: list of ``Message``, in the order of the leads
        """
        groups = notices.sorted("id").grouped("lead_id")
        return [
            self._write_message(lead, groups[lead], opened[lead])
            for lead in sorted(opened, key=lambda lead: lead.id)
        ]

    @api.model
    def _write_sample(self, notice_round, lang, vehicle=None, contact=None):
        """Write a message as a sample; personal data is masked.

        :param vehicle: ``recall.vehicle`` of the audience, or an empty one
        :param contact: ``recall.owner.contact`` of that vehicle, or an empty one
        """
        parts = {
            "name": (contact and contact.name_masked) or "张**",
            "address": (contact and contact.address_masked) or "上海市****",
        }
        vins = [vehicle.vin if vehicle else "L****************"]
        values = self._prepare_values(notice_round, lang, vins, vehicle, parts)
        return self._render(notice_round, lang, values, 0, "sample", parts)

    def _write_message(self, lead, told, parts):
        notice_round = lead.round_id
        lang = lead.contact_id.lang or "zh_CN"
        vins = told.mapped("vin")
        values = self._prepare_values(notice_round, lang, vins, lead.vehicle_id, parts)
        return self._render(notice_round, lang, values, lead.id, lead.reference, parts)

    def _prepare_values(self, notice_round, lang, vins, vehicle, parts):
        """Values of the placeholders for one message."""
        plan, phrases = notice_round.plan_id, PHRASES[lang]
        product = (vehicle and vehicle.line_id) or plan
        dealer = vehicle and notice_round._get_dealer_name(vehicle)
        return {
            "owner": parts.get("name") or phrases["owner"],
            "vins": phrases["separator"].join(vins),
            "vehicle_count": str(len(vins)),
            "producer": plan.producer_id.name,
            "brand": product.brand or plan.brand,
            "series": product.series or plan.series,
            "model": product.model or plan.model,
            "recall_number": plan.recall_number,
            "recall_start": plan.recall_start.isoformat(),
            "defect": plan.defect,
            "consequence": plan.consequence,
            "measure": plan.measure,
            "free_of_charge": phrases["free_of_charge"],
            "dealer": dealer or phrases["dealer"],
            "hotline": plan.producer_id.hotline or "",
            "public_url": plan.producer_id.public_url or "",
        }

    def _render(self, notice_round, lang, values, lead_id, reference, parts):
        suffix = lang[:2]
        subject = notice_round[f"subject_{suffix}"] or ""
        body = notice_round[f"body_{suffix}"] or ""
        html = notice_text.fill(body, values, lambda text: str(escape(text)))
        return Message(
            lead_id=lead_id,
            reference=reference,
            lang=lang,
            parts=parts,
            subject=notice_text.one_line(notice_text.fill(subject, values)),
            text=notice_text.fill(body, values),
            html=Markup(html.replace("\n", "<br/>")),  # noqa: S704 both parts are escaped
        )

    @api.model
    def _make_qr(self, url):
        """Draw a QR code; returns it as a ``data:`` address, "" for no address."""
        if not url:
            return ""
        return "data:image/png;base64," + base64.b64encode(_draw_qr(url)).decode()

    @api.model
    def _render_letters(self, notice_round, messages):
        """Lay out letters, each on pages of its own; returns the PDF."""
        Report = self.env["ir.actions.report"]
        report = self.env.ref("recall_enterprise.recall_notice_letter_report")
        html = self.env["ir.qweb"]._render(
            "recall_enterprise.recall_notice_letter",
            {
                "round": notice_round,
                "producer": notice_round.producer_id,
                "messages": messages,
                "phrases": PHRASES,
                "qr": self._make_qr(notice_round.producer_id.public_url),
                "date": notice_round._today().isoformat(),
            },
        )
        # sudo: the paper format; the document itself was rendered for the account.
        return Report.sudo()._run_wkhtmltopdf([str(html)], report_ref=report.id)

    @api.model
    def _write_mail(self, notice_round, message):
        """Lay out the HTML part of a mail."""
        return str(
            self.env["ir.qweb"]._render(
                "recall_enterprise.recall_notice_mail",
                {
                    "producer": notice_round.producer_id,
                    "message": message,
                    "phrases": PHRASES[message.lang],
                },
            )
        )

    @api.model
    def _get_address(self, message, channel):
        """Return where a message goes over ``channel``."""
        if channel == "sms":
            return phone.international(message.parts["phone"])
        return message.parts["email" if channel == "mail" else "address"]
