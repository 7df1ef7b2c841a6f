# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import UserError
from odoo.http import request

from ..models.recall_data_user_fleet import ENDED
from .fleet_file import send_fleet
from .portal import RecallPortal, portal_route

_FLEET = "/my/recall/fleet/<int(max=2147483647):data_user_id>"
_FILE = "/my/recall/fleet/file/<int(max=2147483647):job_id>"
#: Vehicles on one page.
PAGE = 50
#: Files that the page of a fleet names.
FILES = 10
#: Bytes of a request with a file: those of the kind, and the form around it.
MOST_BYTES = (16 << 20) + 32 * 1024
MODES = ("add", "replace", "remove")


class RecallPortalFleet(RecallPortal):
    """A data user's fleet: files of VINs, and which vehicles have open recalls.

    VINs and what is searched for go in the body of a POST, never in an address.
    """

    @portal_route("/my/recall/fleets", ["GET"])
    def fleets(self, **_query):
        """List the fleets of the account; the only one is shown at once."""
        data_users = self._get_data_users()
        if len(data_users) == 1:
            return request.redirect(f"/my/recall/fleet/{data_users.id}")
        Fleet = request.env["recall.fleet"]
        return self._render_fleet(
            "portal_recall_fleets",
            data_users=data_users,
            counts={
                user: Fleet._count(Fleet._data_user_sql(user)) for user in data_users
            },
            labels=Fleet._get_state_labels(),
        )

    @portal_route(_FLEET, ["GET", "POST"])
    def fleet(self, data_user_id, done=None, removed="", recall="", **_form):
        """Show a fleet with its recalls, filtered, page by page; or download it.

        Mails lead here with the number of a recall.
        """
        data_user = self._find_data_user(data_user_id)
        form = request.httprequest.form
        if form.get("form") in ("csv", "xlsx"):
            Fleet = request.env["recall.fleet"]
            source = Fleet._data_user_sql(data_user)
            rows = Fleet._look_up(source, form.get("only"), recall=recall)
            return send_fleet(data_user, rows, form["form"])
        removed = int(removed) if removed.isdecimal() and len(removed) < 7 else 0
        return self._show_fleet(
            data_user, form, done=done, removed=removed, recall=recall[:20]
        )

    @portal_route(f"{_FLEET}/upload", ["POST"], MOST_BYTES)
    def upload_fleet(self, data_user_id, mode="", **_form):
        """Keep a file of VINs and lead to its own page."""
        data_user = self._find_data_user(data_user_id)
        try:
            upload = request.httprequest.files.get("file")
            if not upload or mode not in MODES:
                raise UserError(request.env._("Choose a file."))
            with request.env.cr.savepoint():
                job = data_user._upload_fleet(
                    upload.stream, upload.filename or "", mode
                )
        except UserError as error:
            values = {"error": str(error), "mode": mode}
            return self._show_fleet(data_user, {}, status=422, **values)
        return request.redirect(f"/my/recall/fleet/file/{job.id}")

    @portal_route(f"{_FLEET}/delete", ["POST"])
    def delete_fleet(self, data_user_id, sure="", **_form):
        """Take all vehicles out, after a box was ticked."""
        data_user = self._find_data_user(data_user_id)
        try:
            if not sure:
                raise UserError(
                    request.env._("Tick the box if you want to delete the list.")
                )
            removed = data_user._delete_fleet()
        except UserError as error:
            return self._show_fleet(
                data_user, {}, status=422, error=str(error), deleting=True
            )
        return request.redirect(
            f"/my/recall/fleet/{data_user.id}?done=deleted&removed={removed}"
        )

    # === One file === #

    @portal_route(_FILE, ["GET"])
    def fleet_file(self, job_id, **_query):
        """Show how far a file is, and what can be done with it."""
        return self._show_file(self._find_file(job_id))

    @portal_route(f"{_FILE}/state", ["GET"])
    def fleet_file_state(self, job_id, **_query):
        """Give the part of the page that changes while the file is at work."""
        response = request.render(
            "recall_service.portal_recall_file_state",
            {"job": self._find_file(job_id)},
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    @portal_route(
        f"{_FILE}/<any(choose,start,test,pause,resume,stop,discard):deed>", ["POST"]
    )
    def run_file(self, job_id, deed, column="", **_form):
        """Press a button of a file's page."""
        job = self._find_file(job_id)
        data_user = job.data_user_id
        try:
            data_user._check_enabled()
            if deed == "choose":
                job._choose_vin_column(int(column) if column.isdecimal() else -1)
            elif deed == "test":
                job._test_whole()
            else:
                getattr(job, f"action_{deed}")()
        except UserError as error:
            return self._show_file(job, error=str(error), status=422)
        if deed == "discard":
            return request.redirect(f"/my/recall/fleet/{data_user.id}?done=discarded")
        return request.redirect(f"/my/recall/fleet/file/{job.id}")

    # === Parts === #

    def _find_file(self, job_id):
        data_users = self._get_data_users()
        found = data_users and data_users._get_fleet_file(job_id)
        if not found:
            raise request.not_found()
        return found

    def _show_fleet(self, data_user, form, status=200, recall="", **values):
        Fleet = request.env["recall.fleet"]
        source = Fleet._data_user_sql(data_user)
        only, text = form.get("only", ""), form.get("text", "").strip()[:17]
        start = form.get("start", "0")
        start = int(start) if start.isdecimal() and len(start) < 7 else 0
        # One more than is shown tells whether there is a next page.
        rows = Fleet._look_up(source, only, text, PAGE + 1, start, recall)
        files = data_user._get_fleet_files(FILES)
        return self._render_fleet(
            "portal_recall_fleet",
            status=status,
            data_user=data_user,
            rows=rows[:PAGE],
            more=rows[PAGE:],
            start=start,
            page=PAGE,
            only=only,
            text=text,
            recall=recall,
            # sudo: the addresses of a fleet that the account was found to have.
            mails=data_user.sudo().fleet_mail_ids,
            rhythms=request.env["recall.subscriber"]
            ._fields["rhythm"]
            ._description_selection(request.env),
            counts=Fleet._count(source),
            labels=Fleet._get_state_labels(),
            files=files,
            ended=ENDED,
            crumbs=[(None, request.env._("Fleet"))],
            **values,
        )

    def _show_file(self, job, status=200, **values):
        fleet = (f"/my/recall/fleet/{job.data_user_id.id}", request.env._("Fleet"))
        return self._render_fleet(
            "portal_recall_file",
            status=status,
            job=job,
            crumbs=[fleet, (None, job.name)],
            **values,
        )

    def _render_fleet(self, template, status=200, **values):
        return self._render(template, {"section": "fleet", **values}, status=status)
