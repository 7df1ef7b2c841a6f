# SPDX-License-Identifier: LGPL-3.0-only
import io
import secrets

from odoo import http
from odoo.http import content_disposition, request

from odoo.addons.recall_base.controllers.download import send_file
from odoo.addons.recall_base.tools import deadline, recall_number, vin

from ..models.recall_lookup import LEGACY_VIN
from ..models.recall_lookup_guard import GUARDED_FORM
from ..models.recall_objection import LIVE
from ..models.recall_objection_photo import MAX_PHOTOS
from ..tools import objection_form, proof
from .private_page import PRIVATE_PAGE, SMALL, render_private

#: Characters of what was typed that are shown again.
SHOWN = 254
#: Bytes of a request with a photo: more than one may have, so that whoever sends a
#: larger one is told so in words.
WITH_PHOTO = 32 * 1024 * 1024


class RecallObjection(http.Controller):
    """ "Repaired, but still shown as open": object, follow it, add a photo, withdraw.

    All of it works without JavaScript. VIN and recall number travel in bodies; the
    address by which an objection is followed holds its receipt number and a proof.
    """

    _ask_url = "/recall/objection"
    _link_url = "/recall/objection/<string(length=14):receipt>"

    # === Objecting === #

    @http.route(
        _ask_url, methods=["GET", "POST"], max_content_length=SMALL, **PRIVATE_PAGE
    )
    def ask(self, **_query):
        """Show the form for a vehicle and a recall; nothing is looked up."""
        about = self._read_about()
        if not about:
            return request.redirect("/recall")
        return self._render_form(about, form=secrets.token_urlsafe(16))

    @http.route(
        f"{_ask_url}/send",
        methods=["GET", "POST"],
        max_content_length=WITH_PHOTO,
        captcha=GUARDED_FORM,
        **PRIVATE_PAGE,
    )
    def send(self, **_query):
        """Take the form; then lead to the page by which the objection is followed."""
        about = self._read_about()
        if not about:
            return request.redirect("/recall")
        form = request.httprequest.form
        # sudo: a visitor may object and reads nothing.
        Objection = request.env["recall.objection"].sudo()
        said, wrong = objection_form.read_form(form, deadline.today())
        said["email"] = self._read_email(wrong)
        key = form.get("form", "")[:64] or secrets.token_urlsafe(16)
        if not wrong:
            network_address = request.httprequest.remote_addr
            try:
                objection = Objection._file(
                    {**said, **about}, self._read_photo(), key, network_address
                )
            except proof.ProofError as error:
                wrong["photo"] = error.code
            else:
                return self._lead_to(objection)
        return self._render_form(about, form=key, wrong=wrong, status=422)

    def _read_about(self):
        """Vehicle and recall of the form, or nothing where these cannot be such."""
        form = request.httprequest.form
        text = vin.normalise_typed(form.get("vin"))
        number = objection_form.clean_line(form.get("recall"))
        # A GET has no form.
        if not vin.is_vin(text) and not LEGACY_VIN.fullmatch(text):
            return None
        if not recall_number.is_recall_number(number):
            return None
        return {"vin": text, "recall_number": number}

    def _read_email(self, wrong):
        typed = request.httprequest.form.get("email", "").strip()
        address = request.env["recall.objection"]._normalise_email(typed)
        if typed and not address:
            wrong["email"] = "address"
        return address

    def _read_photo(self):
        """The file of the form, cut right after what is too large."""
        file = request.httprequest.files.get("photo")
        if not file or not file.filename:
            return None
        return file.read(proof.MAX_BYTES + 1)

    def _lead_to(self, objection):
        if not objection:
            return self._render("not_taken", status=422)
        path = request.env["ir.http"]._url_for(objection._get_path())
        return request.redirect(path, code=303)

    def _render_form(self, about, form, wrong=None, status=200):
        typed = request.httprequest.form
        values = {
            name: typed.get(name, "")[:SHOWN]
            for name in ("repair_date", "workshop", "repair_number", "email")
        }
        day = objection_form.read_day(values["repair_date"])
        return self._render(
            "form",
            status=status,
            about=about,
            form=form,
            wrong=wrong or {},
            typed={**values, "repair_date": day or ""},
            today=deadline.today(),
        )

    # === Following === #

    @http.route(_link_url, methods=["GET"], max_content_length=SMALL, **PRIVATE_PAGE)
    def follow(self, receipt, token=None, **_query):
        """Show where the objection stands, as of now."""
        objection = self._find(receipt, token)
        if not objection:
            return self._render("unknown", status=404)
        # Between two runs of the scheduled action; who looks shall see what is so.
        objection._settle(only=objection)
        return self._render_objection(objection, token)

    @http.route(
        f"{_link_url}/photo",
        methods=["POST"],
        max_content_length=WITH_PHOTO,
        **PRIVATE_PAGE,
    )
    def add_photo(self, receipt, token=None, **_query):
        """Take one more photo of the repair order."""
        objection = self._find(receipt, token)
        if not objection:
            return self._render("unknown", status=404)
        if objection.state in LIVE:
            try:
                objection.photo_ids._add(objection, self._read_photo() or b"")
            except proof.ProofError as error:
                return self._render_objection(
                    objection, token, wrong={"photo": error.code}, status=422
                )
        return self._lead_to(objection)

    @http.route(
        f"{_link_url}/withdraw",
        methods=["POST"],
        max_content_length=SMALL,
        **PRIVATE_PAGE,
    )
    def withdraw(self, receipt, token=None, **_query):
        """End the objection by its visitor's wish."""
        objection = self._find(receipt, token)
        if not objection:
            return self._render("unknown", status=404)
        objection._withdraw()
        return self._lead_to(objection)

    def _find(self, receipt, token):
        return request.env["recall.objection"]._from_link(receipt, token)

    def _render_objection(self, objection, token, wrong=None, status=200):
        return self._render(
            "objection",
            status=status,
            objection=objection,
            token=token,
            wrong=wrong or {},
            live=objection.state in LIVE,
            more_photos=objection.photo_count < MAX_PHOTOS,
        )

    def _render(self, case, **values):
        return render_private("recall_service.objection_page", case=case, **values)

    # === Back office === #

    @http.route(
        "/recall/objection/photo/<int(max=2147483647):photo_id>",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=False,  # each look is logged
        max_content_length=8 * 1024,
    )
    def photo(self, photo_id):
        """Hand out a photo or PDF to who may see its objection."""
        photo = request.env["recall.objection.photo"].search([("id", "=", photo_id)])
        if not photo:
            return request.not_found()
        name = photo._get_file_name()
        content = io.BytesIO(photo._hand_out())
        if photo.kind == "pdf":  # made by a stranger: to save, never to show here
            response = send_file(content, name, "application/octet-stream")
        else:
            response = send_file(content, name, "image/jpeg")
            inline = content_disposition(name, "inline")
            response.headers["Content-Disposition"] = inline
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response
