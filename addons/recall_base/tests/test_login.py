# SPDX-License-Identifier: LGPL-3.0-only
import re
import time
from unittest.mock import patch

from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.base.models.ir_mail_server import IrMail_Server

PASSWORD = "A long enough password 1"


@tagged("post_install", "-at_install")
class TestLogin(HttpCase):
    """Staff log in with a second factor, and a screen left alone locks itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._make_user("staff", "recall_base.group_reader")
        cls.env["ir.mail_server"].search([]).active = False

    @classmethod
    def _make_user(cls, login, groups):
        return new_test_user(
            cls.env,
            login=login,
            groups=groups,
            password=PASSWORD,
            email=f"{login}@example.com",
        )

    def _connect_mail(self):
        self.env.company.email = "recall@example.com"
        self.env["ir.mail_server"].create({"name": "Out", "smtp_host": "mail.example"})

    def _log_in(self, login="staff"):
        """Log in as the form does; the page it ends at and the mails on the way."""
        self.authenticate(None, None)
        page = self.url_open("/web/login").text
        return self._post("/web/login", page, login=login, password=PASSWORD)

    def _post(self, path, page, **values):
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        mails = []

        def send(_server, message, *_args, **_kwargs):
            mails.append(message)
            return message["Message-Id"]

        with (
            patch.object(IrMail_Server, "_connect__", lambda *_args, **_kwargs: None),
            patch.object(IrMail_Server, "_disable_send", lambda _self: False),
            patch.object(IrMail_Server, "send_email", send),
        ):
            answer = self.url_open(path, data={"csrf_token": token, **values})
        return answer, mails

    def _is_in(self):
        answer = self.url_open("/odoo", allow_redirects=False)
        return answer.status_code == 200

    def test_password_alone_lets_staff_in(self):
        """X-ACCESS: with a mail server, staff must enter the code that was mailed."""
        self._connect_mail()
        answer, mails = self._log_in()
        self.assertIn("/web/login/totp", answer.url)
        self.assertFalse(self._is_in(), "the password alone has let somebody in")
        self.assertIn("staff@example.com", mails[-1]["To"])
        # The first one tells of a new device.
        body = mails[-1].get_body(("html",)).get_content()
        code = re.search(r">\s*(\d{6})\s*</span>", body)[1]
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        answer, _mails = self._post("/web/login/totp", answer.text, totp_token=wrong)
        self.assertFalse(self._is_in(), "a wrong code has let somebody in")
        self._post("/web/login/totp", answer.text, totp_token=code)
        self.assertTrue(self._is_in(), "the right code does not let in")

    def test_nobody_can_log_in_before_mail_is_there(self):
        """X-ACCESS: a new server without a mail server lets its administrator in."""
        self._log_in()
        self.assertTrue(self._is_in())

    def test_nobody_can_log_in_to_a_neutralised_copy(self):
        """X-ACCESS: a copy that sends no mail asks for no code that comes by mail."""
        self._connect_mail()
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "True")
        self._log_in()
        self.assertTrue(self._is_in())

    def test_other_accounts_are_asked_for_a_code(self):
        """X-ACCESS: accounts without a role of ours log in as Odoo is set up."""
        self._connect_mail()
        self._make_user("portal_user", "base.group_portal")
        answer, mails = self._log_in("portal_user")
        self.assertNotIn("/web/login/totp", answer.url)
        self.assertFalse(mails)

    def _call(self, **session):
        """Name of the fault that a screen's call gets in a session like this."""
        self.authenticate("staff", PASSWORD, session_extra=session)
        answer = self.url_open(
            "/web/dataset/call_kw/res.users/read",
            json={
                "params": {
                    "model": "res.users",
                    "method": "read",
                    "args": [self.user.ids, ["name"]],
                    "kwargs": {},
                }
            },
        ).json()
        return answer.get("error", {}).get("data", {}).get("name")

    def test_screen_left_alone_stays_open(self):
        """X-ACCESS: after a quarter of an hour the password is asked for again."""
        self.assertIn(
            "CheckIdentityException", self._call(**{"identity-check-next": 1})
        )

    def test_session_never_ends(self):
        """X-ACCESS: a session ends after a working day, used or not."""
        self.assertIsNone(self._call(create_time=time.time() - 11 * 3600))
        fault = self._call(create_time=time.time() - 13 * 3600)
        self.assertIn("SessionExpiredException", fault)
