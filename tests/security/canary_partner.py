# SPDX-License-Identifier: LGPL-3.0-only
"""A partner's account, and the contact data that is typed into its pages."""

import re
from typing import Any

import requests
from canary_world import TIMEOUT, Exposed, wait_for, write_csv

PASSWORD = "partner-password"
#: Pages of the account; those of one record follow from what it has.
PAGES = ("/my", "/my/home", "/my/recall", "/my/recall/fleets", "/my/recall/webhooks")


class Partner:
    """A data user with an interface, as its account uses the portal."""

    def __init__(self, exposed: Exposed, name: str) -> None:
        self.exposed = exposed
        self.canaries = exposed.canaries
        self.site = exposed.world.stack.regulator
        self.name = name
        self.session = exposed.new_session()
        self._make()
        self._log_in()

    def _make(self) -> None:
        admin = self.exposed.admins["regulator"]
        [group] = admin.search_read(
            "ir.model.data",
            [("module", "=", "recall_service"), ("name", "=", "group_partner")],
            ["res_id"],
        )
        self.address = self.canaries.email(f"account of the {self.name}")
        account = admin.create(
            "res.users",
            {
                "login": self.address,
                "name": self.name,
                "email": self.address,
                "password": PASSWORD,
                "group_ids": [(6, 0, [group["res_id"]])],
            },
        )
        values = {"name": self.name, "purpose": "Test", "account_ids": [(4, account)]}
        self.data_user = admin.create("recall.data.user", values)
        values = {"name": self.name, "data_user_id": self.data_user}
        self.interface = admin.create("recall.share.interface", values)

    def _log_in(self) -> None:
        """Once with a wrong password, as it happens, then with the right one."""
        for password in (self.canaries.phone("password"), PASSWORD):
            params = {"db": self.site.database.name, "login": self.address}
            answer = self.session.post(
                f"{self.site.url}/web/session/authenticate",
                json={"params": {**params, "password": password}},
                timeout=TIMEOUT,
            )
        assert answer.json()["result"]["uid"], answer.text
        page = self.session.get(f"{self.site.url}/recalls", timeout=TIMEOUT)
        self.token = re.search(r'csrf_token: "([^"]+)"', page.text)[1]

    def post(self, path: str, **form: Any) -> requests.Response:
        """Send a form of the account's pages; gives the page it leads to."""
        files = form.pop("files", None)
        form |= {
            "csrf_token": self.token,
            "telNum": self.canaries.both(f"{path}, unknown"),
        }
        answer = self.session.post(
            self.site.url + path, data=form, files=files, timeout=TIMEOUT
        )
        assert answer.status_code < 500, (path, answer.status_code)
        return answer

    def read_pages(self) -> dict[str, bytes]:
        """Path -> content of each page of the account."""
        own = (
            f"/my/recall/{self.interface}",
            f"/my/recall/{self.interface}/more",
            f"/my/recall/fleet/{self.data_user}",
        )
        pages = {}
        for path in (*PAGES, *own):
            answer = self.session.get(self.site.url + path, timeout=TIMEOUT)
            assert answer.status_code == 200, (path, answer.status_code)
            pages[path] = answer.content
        return pages

    # === What it types === #

    def enter_all(self) -> None:
        """Use every input of the pages once."""
        self._upload_fleets()
        self._ask_for_mail()
        self._add_webhook()
        self._use_interface()
        self._forget_password()

    def _upload_fleets(self) -> None:
        vin = next(self.exposed.reports)["vehicleVin"]
        numbers = [self.canaries.phone("fleet, phone column") for _n in range(2)]
        address = self.canaries.email("fleet, address column")
        rows = [[vin, numbers[0], address], ["NO-VIN", numbers[1], address]]
        head = ["VIN", "phone", "email"]
        job, page = self._upload("fleet.csv", [head, *rows])
        self._run(job, f"file {job}")
        # The wrong column is taken for the VINs.
        for column in (1, 2):
            job, page = self._upload(f"column-{column}.csv", [head, *rows])
            self.post(f"/my/recall/fleet/file/{job}/choose", column=str(column))
            self._run(job, f"column {column} as VINs")
        # The first row of a file that has no header.
        _job, page = self._upload("no-header.csv", rows)
        self.exposed.answers["fleet without a header"] = page.content
        text = self.canaries.both("search in a fleet")
        path = f"/my/recall/fleet/{self.data_user}"
        self.post(path, text=text, only=text, start=text)
        url = f"{self.site.url}{path}"
        query = {"recall": self.canaries.phone("query of a fleet"), "done": text}
        self.session.get(url, params=query, timeout=TIMEOUT)

    def _upload(self, name: str, rows: list[list[str]]) -> tuple[int, Any]:
        answer = self.post(
            f"/my/recall/fleet/{self.data_user}/upload",
            mode="add",
            files={"file": (name, write_csv(rows), "text/csv")},
        )
        found = re.search(r"/fleet/file/(\d+)", answer.url)
        return int(found[1]) if found else 0, answer

    def _run(self, job: int, name: str) -> None:
        """Try a file, take it in, and keep what its page says."""
        path = f"/my/recall/fleet/file/{job}"
        page = self.post(f"{path}/test")
        self.exposed.answers[f"fleet, {name}, tried"] = page.content
        self.post(f"{path}/start")
        ended = wait_for(lambda: self._ended(job), f"the fleet's {name}")
        page = self.session.get(self.site.url + path, timeout=TIMEOUT)
        self.exposed.answers[f"fleet, {name}, {ended}"] = page.content

    def _ended(self, job: int) -> str | None:
        [shown] = self.exposed.admins["regulator"].call(
            "recall.import", "read", [job], ["state"]
        )
        return shown["state"] if shown["state"] in ("done", "failed") else None

    def _ask_for_mail(self) -> None:
        address = self.canaries.email("address of a fleet, by its partner")
        path = f"/my/recall/fleet/{self.data_user}/mail"
        self.post(path, email=address, rhythm="now")
        self.post(
            path,
            email=self.canaries.both("no address"),
            rhythm=self.canaries.both("no rhythm"),
        )

    def _add_webhook(self) -> None:
        wrong = self.canaries.both("webhook, no address")
        form = {"data_user": str(self.data_user), "tell_published": "1"}
        self.post("/my/recall/webhooks", **form, name="N", url=wrong, email=wrong)
        number = self.canaries.phone("webhook")
        page = self.post(
            "/my/recall/webhooks",
            **form,
            name=f"Hook {number}",
            url=f"https://hook.partner.example/?tel={number}",
            email=self.canaries.email("webhook"),
        )
        hook = re.search(r"/my/recall/webhook/(\d+)", page.url)[1]
        self.post(f"/my/recall/webhook/{hook}/secret", seen="")
        self.post(f"/my/recall/webhook/{hook}/test")

    def _use_interface(self) -> None:
        path = f"/my/recall/{self.interface}"
        text = self.canaries.both("token")
        self.post(f"{path}/token", newest="0", name=text, days="90", addresses=text)
        self.post(f"{path}/token", newest="0", name=text, days="90")
        text = self.canaries.both("application for more")
        form = {"legal_basis": text, "quota_day": "1000", "purpose": text}
        self.post(f"{path}/more", **form)

    def _forget_password(self) -> None:
        """Ask for a new password: for the account, and for one that is none."""
        url = f"{self.site.url}/web/reset_password"
        stranger = self.exposed.new_session()
        page = stranger.get(url, timeout=TIMEOUT)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        for login in (self.address, self.canaries.both("forgotten password")):
            form = {"csrf_token": token, "login": login}
            answer = stranger.post(url, data=form, timeout=TIMEOUT)
            assert answer.status_code == 200
