# SPDX-License-Identifier: LGPL-3.0-only
"""Contact data where nobody asks for it: wrong members, columns, forms and headers."""

import contextlib
import json
from typing import Any

import requests
from canary_world import TIMEOUT, Exposed, wait_for, write_csv
from simulation.web_client import WebError
from stack.stack import Site

INTERFACES = {
    "producer": ("collect", "sync"),
    "regulator": ("plans", "share"),
}
#: Path of the regulator's site -> members of a form of everybody that take a text.
FORMS = {
    "/recall": ("vin",),
    "/recall/subscribe": ("what", "vin", "brand", "series", "recall"),
    "/recall/objection": ("vin", "recall"),
    "/recall/objection/send": ("vin", "recall", "repair_date", "repair_number"),
    "/recall/partners/apply": ("credit_code", "kind", "quota_day", "allowed_addresses"),
    "/recall/phone": ("ticket", "code"),
    "/recall/my-vehicles": ("key", "text", "do"),
}
#: Pages of everybody that somebody could ask with contact data behind the mark "?".
ASKED = (
    *("/recall", "/recalls", "/recalls/latest", "/recalls.atom", "/recalls.json"),
    *("/recalls/years", "/recalls/data", "/recall/subscribe", "/recall/partners"),
)


class Misplaced:
    """Puts contact data in by every input that is there for something else."""

    def __init__(self, exposed: Exposed) -> None:
        self.exposed = exposed
        self.world = exposed.world
        self.canaries = exposed.canaries
        self.answers = exposed.answers
        self.site = self.world.stack.regulator

    def enter_all(self) -> None:
        """Use every such input once; both terminals are set up and have their data."""
        self._open_filing()
        self._file_plans()
        self._upload_vins()
        self._import_swapped_owners()
        self._break_messages()
        self._work_at_desk()
        self._fill_in_forms()
        self._meet_guard()
        self._tell_of_people()
        self._ask_pages()
        self._fail_to_log_in()
        self._look_up_privacy()

    # === Interfaces === #

    def _open_filing(self) -> None:
        """Give a filing system its interface and a token."""
        admin = self.exposed.admins["regulator"]
        owner = {
            "filing_system_id": admin.create("recall.filing.system", {"name": "F"})
        }
        interface = admin.create("recall.plan.interface", {"name": "F", **owner})
        [shown] = admin.call("recall.plan.interface", "read", [interface], ["api_cfg"])
        values = {"name": "F", "purpose": "plans", **owner}
        dialogue = admin.create("recall.token.issue", values)
        action = admin.call("recall.token.issue", "action_issue", [dialogue])
        self.filing = (shown["api_cfg"], action["context"]["default_secret"])

    def _post_plans(self, name: str, *plans: Any) -> list[dict[str, Any]]:
        cfg, token = self.filing
        message = {"api_token": token, "api_cfg": cfg, "plans": plans}
        answer = self.world.regulator.post("/recall/v1/plans", message)
        assert answer["api_status"] == 200, answer
        self.answers[name] = json.dumps(answer).encode()
        return answer["results"]

    def _plan(self, number: str, **members: Any) -> dict[str, Any]:
        """A plan of the producer as it is filed, without its list of VINs."""
        producer = self.exposed.producer
        plan = next(p for p in self.world.plans if p["producerName"] == producer)
        return {**plan, "recallNum": number, "vins": [], **members}

    def _file_plans(self) -> None:
        good = self._plan(
            "S2025M9701V", telNum=self.canaries.both("plan, unknown member")
        )
        good["dealers"] = [
            {
                "dealerName": "Dealer",
                "mobile": self.canaries.both("dealer, unknown member"),
            }
        ]
        good["vins"] = [
            {"vin": self.canaries.phone("plan, as a VIN"), "line": 0},
            {"vin": self.canaries.email("plan, as a VIN"), "line": 0},
        ]
        members = ("numRecall", "recallStartTime", "overTheAir", "planState", "vins")
        wrong = [
            self._plan("S2025M9702V", **{member: self.canaries.both(f"plan, {member}")})
            for member in (*members, "partsState", "vinFile", "removal")
        ]
        wrong += [self._plan(text) for text in self.canaries.pair("recallNum")]
        wrong.append(self._plan("S2025M9703V", dealers=[{"dealerName": "Dealer"}]))
        wrong[-1]["dealers"][0]["region"] = self.canaries.phone("plan, region")
        wrong.append(self.canaries.both("plan, no object"))
        results = self._post_plans("plans", good, *wrong)
        assert [one["status"] for one in results[:1]] == ["created"], results
        assert {one["status"] for one in results[1:]} == {"rejected"}, results
        # The same as a file: those refused are told in rows.
        client = self.world.regulator
        shown = self.world.file_plans(client, [good, *wrong[:-1]])
        assert shown["refused_count"], shown

    def _upload_vins(self) -> None:
        cfg, token = self.filing
        wrong = self.canaries.pair("list of VINs, as a VIN")
        vin = next(self.exposed.reports)["vehicleVin"]
        rows = [[text, self.canaries.both("list of VINs")] for text in (vin, *wrong)]
        content = write_csv([["VIN", "Remark"], *rows])
        answer = requests.post(
            f"{self.site.url}/recall/v1/plans/upload",
            headers={"Authorization": f"Bearer {token}", "X-Api-Cfg": cfg},
            files={"file": ("vins.csv", content, "text/csv")},
            verify=self.exposed.public.verify,
            timeout=TIMEOUT,
        )
        self.answers["upload"] = answer.content
        [upload] = answer.json()["uploads"]
        named = {"reference": upload["reference"], "sha256": upload["sha256"]}
        plan = self._plan("S2025M9704V", vinFile={**named, "rows": len(rows)})

        def ask() -> bool:
            [result] = self._post_plans("list of VINs", plan)
            return result.get("vinFile", {}).get("state") == "done"

        wait_for(ask, "the list of VINs to be taken in")

    def _import_swapped_owners(self) -> None:
        """A file of owners whose columns stand under each other's names."""
        rows = [["VIN", "phone", "email", "address"]]
        vin = next(self.exposed.reports)["vehicleVin"]
        rows.append([vin, self.canaries.phone("owner"), "", ""])
        number, address = self.canaries.pair("owners, as a VIN")
        rows += [[text, vin, vin, "x"] for text in (number, address)]
        number, address = self.canaries.pair("owners, swapped")
        rows.append([next(self.exposed.reports)["vehicleVin"], address, number, "x"])
        self.exposed.import_file("owners", "swapped.csv", write_csv(rows))

    def _break_messages(self) -> None:
        """Bodies that are no messages, at all interfaces of both terminals."""
        for site in self.world.stack.sites:
            for purpose in INTERFACES[site.name]:
                path = f"/recall/v1/{purpose}"
                for fault in ("cut off", "twice", "no object", "not JSON", "header"):
                    self._break_message(site, path, fault)
            self._break_message(site, "/web/session/authenticate", "cut off")

    def _break_message(self, site: Site, path: str, fault: str) -> None:
        name = f"{site.name} {path}, {fault}"
        text = self.canaries.both(name)
        message = {"api_token": text, "api_cfg": text, "records": [{"telNum": text}]}
        body = json.dumps(message | {"plans": [text], "api_exchange_vin": text})
        bodies = {
            "cut off": body[:-1],
            "twice": f'{{"{text}": 1, "{text}": 2}}',
            "no object": json.dumps([text]),
            "not JSON": text,
            "header": body,
        }
        kind = text if fault == "header" else "application/json"
        answer = requests.post(
            site.url + path,
            data=bodies[fault],
            headers={"Content-Type": kind, "Authorization": f"Bearer {text}"},
            verify=self.exposed.public.verify,
            timeout=TIMEOUT,
        )
        self.answers[name] = answer.content

    # === The producer's dealer === #

    def _work_at_desk(self) -> None:
        """Book an appointment, and type an owner's number in place of the VIN."""
        dealer, world = self.exposed.dealer, self.world
        shown = dealer.call("recall.desk", "look_up", self.canaries.phone("desk"))
        assert shown["case"] == "invalid"
        report = world.unsent_reports(self.exposed.dealers_producer)[-2]
        values = {"vin": report["vehicleVin"], "recall_number": report["recallNum"]}
        text = self.canaries.both("appointment")
        for wrong in ({"vin": text}, {"recall_number": text}, {"phone": text}):
            self._refuse_call(dealer, "recall.appointment", {**values, **wrong})
        booked = dealer.create("recall.appointment", values)
        shown = dealer.call("recall.appointment", "read", [booked], [])
        self.answers["appointment"] = str(shown).encode()

    def _refuse_call(self, client, model: str, values: dict[str, Any]) -> None:
        with contextlib.suppress(WebError):
            client.create(model, values)
            raise AssertionError(f"{model} takes {values}")

    # === Everybody at the regulator === #

    def _browser(self, name: str) -> requests.Session:
        """A browser that tells of its owner in all that it sends beside the form."""
        session = self.exposed.new_session()
        text = self.canaries.both(name)
        session.headers.update(
            {
                "User-Agent": f"Browser ({text})",
                "Referer": f"{self.site.url}/?from={text}",
                "From": text,
                "Accept-Language": f"{text}, en;q=0.5",
                "Cookie": f"contact={text}; tz={text}; frontend_lang={text}",
            }
        )
        return session

    def _post(self, used: str, path: str, **form: str) -> requests.Response:
        """Send a form with a member that it does not have; no answer is a fault.

        Where the answer leads to is looked at: an address is kept in many places.
        """
        form |= {"telNum": self.canaries.both(f"{used}, unknown member")}
        # So that the guard of the forms lets it through at once.
        self.world.ask(self.site, "DELETE FROM recall_lookup_visit RETURNING 1")
        answer = self._browser(f"{used}, headers").post(
            self.site.url + path, data=form, timeout=TIMEOUT
        )
        assert answer.status_code < 500, (used, answer.status_code)
        addresses = [one.headers.get("Location", "") for one in answer.history]
        self.answers[f"{used}, address"] = " ".join([*addresses, answer.url]).encode()
        return answer

    def _fill_in_forms(self) -> None:
        """Each member of each form, which shows to nobody else what was typed."""
        vin = next(self.exposed.reports)["vehicleVin"]
        right = {"vin": vin, "workshop": "Workshop", "recall": "S2025M9701V"}
        for path, members in FORMS.items():
            for member in members:
                name = f"{path}, {member}"
                self._post(name, path, **{**right, member: self.canaries.both(name)})

    def _meet_guard(self) -> None:
        """Send a form until its guard asks for patience, and keeps what was typed."""
        browser, text = self._browser("guarded, headers"), self.canaries.both("guarded")
        vin = next(self.exposed.reports)["vehicleVin"]
        form = {"vin": vin, "recall": "S2025M9701V", "workshop": text, "telNum": text}
        url = f"{self.site.url}/recall/objection/send"
        answers = [browser.post(url, data=form, timeout=TIMEOUT) for _n in range(6)]
        assert answers[-1].status_code == 429

    def _tell_of_people(self) -> None:
        """Contact data in the free texts of forms that are taken."""
        still_open = next(self.exposed.reports)
        answer = self._post(
            "objection",
            "/recall/objection/send",
            vin=still_open["vehicleVin"],
            recall=still_open["recallNum"],
            repair_date=still_open["recallTime"],
            workshop=f"Workshop, {self.canaries.both('text of an objection')}",
            repair_number=self.canaries.phone("text of an objection"),
            form="canary in words",
        )
        assert answer.status_code == 200
        text = self.canaries.both("text of an application")
        address = self.canaries.email("application")
        self._post(
            "application",
            "/recall/partners/apply",
            name="Other organisation",
            credit_code="91350100M000100Y43",
            kind="insurer",
            contact_name=text,
            email=address,
            phone="021-55550000",
            purpose=text,
            legal_basis=text,
            quota_day="1000",
        )
        self.exposed.confirm(address)
        text = self.canaries.both("name of a brand")
        address = self.canaries.email("name of a brand")
        form = {"what": "brand", "brand": text, "series": text, "email": address}
        self._post("brand", "/recall/subscribe", **form)
        self.exposed.confirm(address)

    def _ask_pages(self) -> None:
        for path in ASKED:
            text = self.canaries.both(f"query of {path}")
            members = ("q", "vin", "brand", "tel", "page", "producer", "email")
            answer = self._browser(f"headers of {path}").get(
                self.site.url + path,
                params={**dict.fromkeys(members, text), text: "1"},
                timeout=TIMEOUT,
            )
            assert answer.status_code < 500, path

    def _fail_to_log_in(self) -> None:
        """A log-in with a wrong password, which may be a number just as its name."""
        for site in self.world.stack.sites:
            text = self.canaries.both(f"log-in at the {site.name}")
            params = {"db": site.database.name, "login": text, "password": text}
            answer = self._browser(f"log-in at the {site.name}, headers").post(
                f"{site.url}/web/session/authenticate",
                json={"params": params},
                timeout=TIMEOUT,
            )
            self.answers[f"log-in at the {site.name}"] = answer.content

    def _look_up_privacy(self) -> None:
        """Seek a person in Odoo's own dialogue; a number is no address there."""
        for client in self.exposed.admins.values():
            number, address = self.canaries.pair("privacy look-up")
            for name, email in ((f"Owner {number}", address), (address, number)):
                values = {"name": name, "email": email}
                dialogue = client.create("privacy.lookup.wizard", values)
                with contextlib.suppress(WebError):
                    client.call("privacy.lookup.wizard", "action_lookup", [dialogue])
                    assert email == address
