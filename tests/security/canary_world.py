# SPDX-License-Identifier: LGPL-3.0-only
"""Both terminals, into which contact data of made-up people goes by every input."""

import csv
import io
import re
import time
from collections.abc import Callable
from typing import Any

import openpyxl
import requests
from canaries import Canaries
from message_sinks import MailSink, SmsSink
from PIL import Image
from simulation.plain_peer import PlainPeer, sync_record
from simulation.reports import FAULTS, make_wrong
from simulation.world import PLAIN_PRODUCER, World

VEHICLES = 3_000
TIMEOUT = 60
#: Seconds after which something hangs, also on a busy machine.
PATIENCE = 120
ACCESS = ("plain-cfg", "plain-token")
SETUP = """
env["ir.mail_server"].search([]).active = False
env["ir.mail_server"].create({"name": "Sink", "smtp_host": "127.0.0.1",
    "smtp_port": values["smtp"], "smtp_encryption": "none",
    "smtp_authentication": "login"})
env.company.email = "company@operator.example"
env["recall.producer"].search([]).write({"hotline": "400-000-0000"})
parameters = env["ir.config_parameter"]
parameters.set_param("sms.endpoint", values["sms"])
parameters.set_param("recall_service.sms", "True")
env.ref("base.user_admin").write({"group_ids": [
    (4, env.ref(f"recall_{name}").id) for name in ("base.group_keeper",
        "base.group_personal_data", "base.group_auditor",
        "enterprise.group_administrator", "management.group_administrator",
        "service.group_administrator")
    if env.ref(f"recall_{name}", False)]})
"""


def wait_for(find: Callable[[], Any], what: str) -> Any:
    """What ``find`` gives, once it is something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := find()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE} s for {what}")
        time.sleep(0.3)
    return found


class Exposed:
    """What people enter and programs send, and what was answered to it."""

    def __init__(self, world: World, mails: MailSink, messages: SmsSink) -> None:
        self.world = world
        self.mails = mails
        self.messages = messages
        self.canaries = Canaries()
        #: What servers answered, by what was asked.
        self.answers: dict[str, bytes] = {}
        # The one with the most vehicles that nobody else reports.
        producer = max(world.access, key=lambda one: len(world.unsent_reports(one)))
        self.producer = producer
        self.producer_id = world.access[producer].producer_id
        self.reports = iter(world.unsent_reports(producer))
        # Once a mail server is connected, staff needs a second factor to log in.
        stack = world.stack
        self.dealer = world.log_in(stack.producer, "dealer")
        self.operator = world.log_in(stack.regulator, "operator")
        self.admins = {site.name: world.log_in(site, "admin") for site in (stack.sites)}
        self.public = self.new_session()

    def enter_all(self, smtp: int, sms: str) -> None:
        """Connect mail server and gateway of messages, and use every input once."""
        for site in self.world.stack.sites:
            site.database.shell(SETUP, smtp=smtp, sms=sms)
        self._collect()
        self._import_reports()
        self._import_owners()
        self._enter_by_hand()
        self._notify()
        self._pull()
        self._object()
        self._subscribe_by_mail()
        self._subscribe_by_phone()
        self._apply()
        self._tell_fleet()
        self._seek_person()

    def new_session(self) -> requests.Session:
        """A browser that trusts the terminals' certificates."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.world.stack.ca_file)
        return session

    def wait_for_mails(self) -> None:
        """Wait until nothing that was to be mailed waits any more."""
        # What was mailed before there was a mail server is tried again much later.
        waiting = [("state", "=", "outgoing"), ("recall_failing_since", "=", False)]
        for client in self.admins.values():
            wait_for(
                lambda client=client: (
                    not client.call("mail.mail", "search_count", waiting)
                ),
                "the mails to go",
            )

    # === At the producer === #

    def _report(self, name: str, **members: str) -> dict[str, Any]:
        number = self.canaries.phone(name)
        return {**next(self.reports), "telNum": number, **members}

    def _collect(self) -> None:
        good = self._report("collect")
        number = self.canaries.phone("collect, grouped")
        grouped = {**next(self.reports), "telNum": f"+86 {number[:3]}-{number[3:]}"}
        strange = self._report("collect, no number")
        strange["telNum"] = f"tel {strange['telNum']} (home)"
        wrong = [
            {**report, "telNum": self.canaries.phone(f"collect, {code}")}
            for code, report in make_wrong([next(self.reports)] * len(FAULTS), 1)
        ]
        answer = self.world.post_batch(self.producer, [good, grouped, strange, *wrong])
        self.answers["collect"] = str(answer).encode()
        cfg, token = self.world.access[self.producer].collect
        broken = {"api_token": token, "api_cfg": cfg, "records": {"telNum": "x"}}
        broken["records"]["telNum"] = self.canaries.phone("collect, malformed")
        path = "/recall/v1/collect"
        answer = self.world.producer.post(path, broken)
        self.answers["collect, malformed"] = str(answer).encode()

    def import_file(self, kind: str, name: str, content: bytes) -> None:
        """Import a file at the producer; some of its rows are refused."""
        client = self.world.producer
        values = {"kind": kind, "producer_id": self.producer_id}
        job = client.create("recall.import", values)
        client.upload(f"/recall/import/{job}/file", name, content)
        client.call("recall.import", "action_start", [job])
        shown = wait_for(
            lambda: client.search_read(
                "recall.import",
                [("id", "=", job), ("state", "in", ("done", "failed"))],
                ["state", "read_count", "taken_count", "refused_count", "failure"],
            ),
            f"the import of {name}",
        )
        assert shown[0]["state"] == "done" and shown[0]["taken_count"], shown
        assert shown[0]["refused_count"], shown
        errors = client.download(f"/recall/import/{job}/errors")
        self.answers[f"refused rows of {name}"] = errors

    def _import_reports(self) -> None:
        members = ("recallNum", "vehicleVin", "recallTime", "repairNum", "dealerName")
        for form, write in (("csv", write_csv), ("xlsx", _write_xlsx)):
            good = self._report(f"reports.{form}")
            wrong = self._report(f"reports.{form}, wrong VIN", vehicleVin="NO-VIN")
            strange = self._report(f"reports.{form}, no number")
            strange["telNum"] = f"{strange['telNum']}x"
            rows = [
                [row[name] for name in (*members, "telNum")]
                for row in (good, wrong, strange)
            ]
            content = write([[*members, "telNum"], *rows])
            self.import_file("reports", f"reports.{form}", content)

    def _import_owners(self) -> None:
        rows = [["VIN", "phone", "email"]]
        for name in ("owners.csv", "owners.csv, wrong VIN", "owners.csv, no number"):
            vin = next(self.reports)["vehicleVin"]
            number, address = self.canaries.phone(name), self.canaries.email(name)
            if name.endswith("VIN"):
                vin = "NO-VIN"
            if name.endswith("no number"):
                number, address = f"{number}x", f"{address}@x"
            rows.append([vin, number, address])
        self.import_file("owners", "owners.csv", write_csv(rows))

    def _enter_by_hand(self) -> None:
        [own] = self.world.ask(
            self.world.stack.producer,
            """SELECT producer.name FROM res_users users
                 JOIN recall_dealer dealer ON dealer.id = users.recall_dealer_id
                 JOIN recall_producer producer ON producer.id = dealer.producer_id
                WHERE users.login = 'dealer'""",
        )
        [self.dealers_producer] = own
        report = self.world.unsent_reports(self.dealers_producer)[-1]
        entry = self.dealer.create(
            "recall.completion",
            {
                "recall_number": report["recallNum"],
                "vin": report["vehicleVin"],
                "repair_date": report["recallTime"],
                "repair_number": report["repairNum"],
                "reported_measure": report["repairMethod"],
                "phone": self.canaries.phone("dealer's form"),
            },
        )
        shown = self.dealer.call("recall.completion", "read", [entry], [])
        self.answers["dealer's form"] = str(shown).encode()
        self.owner = next(self.reports)
        self.owner_address = self.canaries.email("owner's form")
        contact = self.add_owner(
            self.owner["vehicleVin"],
            name="Owner",
            phone=self.canaries.phone("owner's form"),
            email=self.owner_address,
        )
        shown = self.world.producer.call("recall.owner.contact", "read", [contact], [])
        self.answers["owner's form"] = str(shown).encode()

    def add_owner(self, vin: str, **parts: str) -> int:
        """How an owner is reached, entered by hand."""
        values = {"producer_id": self.producer_id, "vin": vin, **parts}
        return self.world.producer.create("recall.owner.contact", values)

    def _notify(self) -> None:
        self.start_round("mail", sender="recall@producer.example")
        wait_for(lambda: self.mails.text_to(self.owner_address), "the owner's mail")

    def start_round(self, channel: str, **values: str) -> int:
        """Tell the owners of the first owner's recall by a channel."""
        client, number = self.world.producer, self.owner["recallNum"]
        [plan] = client.search_read(
            "recall.plan", [("recall_number", "=", number)], ["id"]
        )
        text = "{owner} {vins} {recall_number} {free_of_charge} {hotline}"
        texts = dict.fromkeys(("body_zh", "body_en"), text)
        texts |= dict.fromkeys(("subject_zh", "subject_en"), "{recall_number}")
        values = {"plan_id": plan["id"], "channel": channel, **texts, **values}
        notice_round = client.create("recall.notice.round", values)
        for deed in ("action_check", "action_start"):
            client.call("recall.notice.round", deed, [notice_round])
        return notice_round

    # === Between the terminals === #

    def _pull(self) -> None:
        world = self.world
        world.wait_confirmed()
        plain = iter(world.unsent_reports(PLAIN_PRODUCER))
        records = []
        for name in ("sync", "sync, other content", "sync, no number"):
            number = self.canaries.phone(name)
            records.append({**sync_record(next(plain)), "telNum": number})
        records[1] = {**records[0], "telNum": records[1]["telNum"], "dealerName": "X"}
        records[2]["telNum"] += "x"
        for code, report in make_wrong([*plain], 2):
            number = self.canaries.phone(f"sync, {code}")
            records.append(sync_record({**report, "telNum": number}))
        certificate = world.stack.authority.server
        with PlainPeer(certificate, *reversed(ACCESS)) as peer:
            peer.records = records
            world.connect(PLAIN_PRODUCER, peer.url, *ACCESS)
            world.pull()
        [held] = world.ask(
            world.stack.regulator, "SELECT count(*) FROM recall_quarantine"
        )
        assert held[0] >= 10, held
        cfg, token = world.access[self.producer].sync
        path = "/recall/v1/sync"
        sent = world.producer.post(path, {"api_token": token, "api_cfg": cfg})
        assert self.canaries.names_in(str(sent).encode()) >= {"collect"}

    # === At the regulator === #

    def _post(self, path: str, **form: Any) -> requests.Response:
        files = form.pop("files", None)
        url = self.world.stack.regulator.url + path
        answer = self.public.post(url, data=form, files=files, timeout=TIMEOUT)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer

    def _object(self) -> None:
        still_open = next(self.reports)
        photo = io.BytesIO()
        image, facts = Image.new("RGB", (64, 64), "white"), Image.Exif()
        facts[0x010E] = self.canaries.phone("facts in a photo")
        image.save(photo, "JPEG", exif=facts)
        number = self.canaries.phone("name of a photo")
        address = self.canaries.email("objection")
        answer = self._post(
            "/recall/objection/send",
            vin=still_open["vehicleVin"],
            recall=still_open["recallNum"],
            repair_date=still_open["recallTime"],
            workshop="Workshop",
            email=address,
            form="canary",
            files={"photo": (f"{number}.jpg", photo.getvalue(), "image/jpeg")},
        )
        self.answers["objection"] = answer.content
        wait_for(lambda: self.mails.text_to(address), "the objector's mail")

    def _subscribe_by_mail(self) -> None:
        address = self.canaries.email("subscription")
        vin = next(self.reports)["vehicleVin"]
        self._post("/recall/subscribe", what="vin", vin=vin, email=address)
        never = self.canaries.email("subscription, never confirmed")
        self._post("/recall/subscribe", what="vin", vin=vin, email=never)
        self.confirm(address)
        wait_for(lambda: "S20" in self.mails.text_to(address), "the recall's mail")
        self._post("/recall/my-vehicles", email=address)
        self._post("/recall/my-vehicles", email=self.canaries.email("link, not known"))
        link = wait_for(
            lambda: _find_link(self.mails.text_to(address), "/recall/my-vehicles"),
            "the mail with the link",
        )
        key = link.partition("key=")[2]
        page = self._post("/recall/my-vehicles", key=key, do="choose")
        self.answers["my vehicles"] = page.content
        page = self._post("/recall/my-vehicles", key=key, do="download", form="csv")
        self.answers["my vehicles, file"] = page.content

    def confirm(self, address: str) -> None:
        """Press the button behind the link of the mail that asks for it."""
        mail = wait_for(lambda: self.mails.text_to(address), "the mail to confirm")
        link = _find_link(mail, "confirm")
        token = link.partition("token=")[2]
        path = re.sub(r"^https://[^/]*", "", link.partition("?")[0])
        self._post(path, token=token)

    def _subscribe_by_phone(self) -> None:
        number = self.canaries.phone("subscription by phone")
        vin = next(self.reports)["vehicleVin"]
        form = {"what": "vin", "vin": vin, "channel": "sms", "phone": number}
        page = self._post("/recall/subscribe", **form).text
        ticket = re.search(r'name="ticket" value="([^"]+)"', page)[1]
        text = wait_for(lambda: self.messages.text_to(number), "the code")
        code = re.search(r"\d{6}", text)[0]
        page = self._post("/recall/phone", ticket=ticket, code=code)
        self.answers["subscription by phone"] = page.content
        wait_for(lambda: "S20" in self.messages.text_to(number), "the short message")
        never = self.canaries.phone("code, never used")
        self._post("/recall/subscribe", **{**form, "phone": never})

    def _apply(self) -> None:
        address = self.canaries.email("application")
        self._post(
            "/recall/partners/apply",
            name="Organisation",
            credit_code="91350100M000100Y43",
            kind="insurer",
            contact_name="Contact",
            email=address,
            phone=self.canaries.phone("application"),
            purpose="Purpose",
            legal_basis="Law",
            quota_day="1000",
        )
        self.confirm(address)

    def _tell_fleet(self) -> None:
        operator = self.operator
        values = {"name": "Fleet", "kind": "insurer", "purpose": "Purpose"}
        user = operator.create("recall.data.user", values)
        address = self.canaries.email("address of a fleet")
        dialogue = operator.create(
            "recall.fleet.mail", {"data_user_id": user, "email": address}
        )
        shown = operator.call("recall.fleet.mail", "read", [dialogue], [])
        operator.call("recall.fleet.mail", "action_apply", [dialogue])
        shown += operator.search_read("recall.subscription", [], [])
        shown += operator.search_read("recall.subscriber", [], [])
        self.answers["addresses of fleets"] = str(shown).encode()
        wait_for(lambda: self.mails.text_to(address), "the fleet's mail")

    def _seek_person(self) -> None:
        keeper = self.admins["regulator"]
        for sought in (
            self.canaries.phone("erasure"),
            self.canaries.email("erasure"),
        ):
            dialogue = keeper.create("recall.erasure", {"sought": sought})
            shown = keeper.call("recall.erasure", "read", [dialogue], [])
            self.answers[f"erasure of {len(sought)}"] = str(shown).encode()


def _find_link(mail: str, part: str) -> str | None:
    links = re.findall(r'href="([^"]+)"', mail)
    return next((link for link in links if part in link), None)


def write_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _write_xlsx(rows: list[list[str]]) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()
