# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields
from odoo.exceptions import UserError
from odoo.http import request

from ..models.recall_webhook import EVENTS
from .portal import RecallPortal, portal_route

_HOOK = "/my/recall/webhook/<int(max=2147483647):hook_id>"
#: Messages that the page of a webhook names.
MESSAGES = 50
STATES = ("waiting", "sent", "failed")


class RecallPortalWebhook(RecallPortal):
    """A data user's webhooks: where they lead, their secrets and their messages."""

    @portal_route("/my/recall/webhooks", ["GET", "POST"])
    def webhooks(self, data_user="", **_form):
        """List the webhooks of the account, and add one."""
        if request.httprequest.method != "POST":
            return self._show_webhooks(self._get_blank())
        found = self._find_data_user(int(data_user) if data_user.isdecimal() else 0)
        vals = self._read_vals()
        try:
            with request.env.cr.savepoint():
                hook = found._add_webhook(vals)
        except UserError as error:
            return self._show_webhooks(vals, status=422, error=str(error), chosen=found)
        return request.redirect(f"/my/recall/webhook/{hook.id}?done=added")

    @portal_route(_HOOK, ["GET"])
    def webhook(self, hook_id, done=None, only="", **_query):
        """Show a webhook with its health and its last messages."""
        return self._show_webhook(self._find_webhook(hook_id), done=done, only=only)

    @portal_route(f"{_HOOK}/<any(save,test,pause,resume):deed>", ["POST"])
    def run_webhook(self, hook_id, deed, **_form):
        """Change a webhook, send a test message, pause it or send again."""
        hook = self._find_webhook(hook_id)
        vals = self._read_vals() if deed == "save" else None
        try:
            with request.env.cr.savepoint():
                hook.data_user_id._check_enabled()
                self._run(hook, deed, vals)
        except UserError as error:
            return self._show_webhook(hook, status=422, error=str(error), vals=vals)
        return request.redirect(f"/my/recall/webhook/{hook.id}?done={deed}")

    @portal_route(f"{_HOOK}/secret", ["POST"])
    def webhook_secret(self, hook_id, seen="", **_form):
        """Issue the secret, or replace it, and show it this once."""
        hook = self._find_webhook(hook_id)
        try:
            hook.data_user_id._check_enabled()
        except UserError as error:
            return self._show_webhook(hook, status=422, error=str(error))
        hook.lock_for_update()
        hook.invalidate_recordset()
        # The form of an old page, sent once more, replaces no secret.
        if seen != self._get_stamp(hook):
            return request.redirect(f"/my/recall/webhook/{hook.id}?done=old")
        return self._render_webhook(
            "portal_recall_webhook_secret", hook=hook, secret=hook._issue_secret()
        )

    @portal_route(f"{_HOOK}/message/<int(max=2147483647):message_id>/resend", ["POST"])
    def resend(self, hook_id, message_id, **_form):
        """Send a message again, under the same id."""
        hook = self._find_webhook(hook_id)
        message = hook.message_ids.search(
            [("webhook_id", "=", hook.id), ("id", "=", message_id)]
        )
        if not message:
            raise request.not_found()
        try:
            hook.data_user_id._check_enabled()
        except UserError as error:
            return self._show_webhook(hook, status=422, error=str(error))
        message.action_resend()
        return request.redirect(f"/my/recall/webhook/{hook.id}?done=resent")

    # === Parts === #

    def _run(self, hook, deed, vals):
        if deed == "save":
            hook._check_written(vals)
            hook.write(vals)
        elif deed == "test":
            hook.action_test()
        elif deed == "pause":
            hook.action_disable()
        else:
            hook.action_enable()

    def _read_vals(self):
        """What a form says of a webhook."""
        form = request.httprequest.form
        return {
            "name": form.get("name", "").strip()[:100] or request.env._("Webhook"),
            "url": form.get("url", "").strip()[:2000],
            "email": form.get("email", "").strip()[:254],
            **{name: bool(form.get(name)) for name in EVENTS.values()},
        }

    def _get_blank(self):
        email = request.env.user.email or ""
        return {"email": email, **dict.fromkeys(EVENTS.values(), True)}

    def _find_webhook(self, hook_id):
        """The webhook with that id, if the account may see it (sudo)."""
        Webhook = request.env["recall.webhook"]
        found = Webhook.has_access("read") and Webhook.search([("id", "=", hook_id)])
        if not found:
            raise request.not_found()
        # sudo: found with the account's own rights; accounts write by these pages.
        return found.sudo()

    def _get_stamp(self, hook):
        return fields.Datetime.to_string(hook.secret_at) or ""

    def _show_webhooks(self, vals, status=200, **values):
        data_users = self._get_data_users()
        Webhook = request.env["recall.webhook"]
        return self._render_webhook(
            "portal_recall_webhooks",
            status=status,
            data_users=data_users,
            hooks=Webhook.search([("data_user_id", "in", data_users.ids)])
            if data_users
            else Webhook,
            vals=vals,
            crumbs=[(None, request.env._("Webhooks"))],
            **values,
        )

    def _show_webhook(self, hook, status=200, vals=None, only="", **values):
        only = only if only in STATES else ""
        domain = [("webhook_id", "=", hook.id)]
        if only:
            domain.append(("state", "=", only))
        return self._render_webhook(
            "portal_recall_webhook",
            status=status,
            hook=hook,
            vals=vals or {name: hook[name] for name in self._read_vals()},
            stamp=self._get_stamp(hook),
            messages=hook.message_ids.search(domain, limit=MESSAGES),
            only=only,
            most=MESSAGES,
            crumbs=[
                ("/my/recall/webhooks", request.env._("Webhooks")),
                (None, hook.name),
            ],
            **values,
        )

    def _render_webhook(self, template, status=200, **values):
        return self._render(template, {"section": "webhooks", **values}, status=status)
