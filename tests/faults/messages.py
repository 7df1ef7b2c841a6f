# SPDX-License-Identifier: LGPL-3.0-only
"""Recalls that are published, whoever is told of them, and the books of both."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

from receivers import Gateway, Mailbox, Partner
from striker import Place, Strike
from supervisor import wait_for
from workshop import Workshop

#: Recalls that can be published, and who is told of each.
RECALLS, SUBSCRIBERS, PHONES, FLEET = 400, 12, 12, 6
#: How many short messages a server hands over at once.
SMS_BATCH = 50
CRONS = (
    "recall_service.ir_cron_expand",
    "recall_service.ir_cron_send",
    "recall_service.ir_cron_deliver",
    "recall_service.ir_cron_sms",
    "mail.ir_cron_mail_scheduler_action",
)
SETUP = """
env["ir.mail_server"].search([]).active = False
env["ir.mail_server"].create({"name": "Mailbox", "smtp_host": "127.0.0.1",
    "smtp_port": values["smtp"], "smtp_encryption": "none",
    "smtp_authentication": "login"})
env["ir.config_parameter"].set_param("sms.endpoint", values["gateway"])
env.company.email = "operator@example.com"
producer = env["recall.producer"].create({"name": "Producer"})
plans = env["recall.plan"].create([{"recall_number": number, "brand": "Brand",
    "producer_id": producer.id, "series": "Series", "model": "M1", "defect": "Defect",
    "consequence": "Consequence", "measure": "Measure", "recall_start": "2025-01-15",
    "state": "filed"} for number in values["numbers"]])
subscriptions = env["recall.subscription"].create([
    {"email": address, "brand": "Brand"} for address in values["addresses"]])
subscriptions._confirm()
Subscriber, Subscription = env["recall.subscriber"], env["recall.subscription"]
result = {"subscribers": {}}
for phone in values["phones"]:
    subscriber = Subscriber._make_phone(phone, "en_US")
    Subscription._subscribe_phone(subscriber, {"brand": "Brand"})
    result["subscribers"][phone] = subscriber.id
partner = env["recall.data.user"].create({"name": "Partner", "purpose": "Fleet"})
hook = env["recall.webhook"].create({"name": "Partner", "data_user_id": partner.id,
    "url": values["url"], "email": "it@example.com"})
result["secret"] = hook._issue_secret()
# Until it knows the secret.
env.cr.execute("UPDATE recall_data_user SET active = false WHERE id = %s", [partner.id])
env.cr.execute('''
    INSERT INTO recall_vehicle (plan_id, vin, state)
    SELECT plan, 'LTZAA11B4SA' || to_char(n, 'FM000000'), 'open'
      FROM unnest(%s) plan, generate_series(1, %s) n''', [plans.ids, values["fleet"]])
env.cr.execute('''
    INSERT INTO recall_fleet_vehicle (data_user_id, vin, added_at, last_file)
    SELECT DISTINCT %s, vin, now(), 0 FROM recall_vehicle WHERE plan_id = %s''',
               [partner.id, plans[0].id])
env.cr.execute("UPDATE recall_plan SET vehicle_count = %s WHERE id IN %s",
               [values["fleet"], tuple(plans.ids)])
"""
READY = "UPDATE recall_data_user SET active = true WHERE name = 'Partner' RETURNING id"
PUBLISH = """
UPDATE recall_plan SET state = 'published'
 WHERE recall_number = %s AND state = 'filed' RETURNING id
"""
#: Made for subscribers and for the partner; what waits, and who works at it.
LEFT = """
SELECT (SELECT count(*) FROM recall_push),
       (SELECT count(*) FROM recall_webhook_message
          JOIN recall_plan plan ON plan.id = plan_id AND plan.brand = 'Brand'),
       (SELECT count(*) FROM recall_push WHERE state = 'waiting')
       + (SELECT count(*) FROM mail_mail WHERE state = 'outgoing' AND recall_once)
       + (SELECT count(*) FROM recall_webhook_message WHERE state = 'waiting')
"""
IDLE = """
SELECT count(*) FROM (
    SELECT id FROM ir_cron WHERE id IN (
           SELECT res_id FROM ir_model_data
            WHERE model = 'ir.cron' AND module || '.' || name = ANY(%s))
       FOR NO KEY UPDATE SKIP LOCKED) idle
"""
UNCLEAR_MAILS = """
SELECT email_to, recall_number FROM mail_mail
  JOIN recall_push ON mail_id = mail_mail.id JOIN recall_plan plan ON plan.id = plan_id
 WHERE mail_mail.state = 'exception'
"""
SHORT = """
SELECT subscriber_id, recall_number, push.state FROM recall_push push
  JOIN recall_plan plan ON plan.id = plan_id WHERE channel = 'sms'
"""


class Messages:
    """What the regulator's terminal tells of recalls, one recall after the other."""

    def __init__(
        self, workshop: Workshop, mailbox: Mailbox, gateway: Gateway, partner: Partner
    ) -> None:
        self.workshop = workshop
        self.mailbox, self.gateway, self.partner = mailbox, gateway, partner
        numbers = [f"S2025M{9999 - number}I" for number in range(RECALLS)]
        self._numbers, self._coming = numbers, iter(numbers)
        self._published: list[str] = []
        self._addresses = [f"n{number}@example.com" for number in range(SUBSCRIBERS)]
        self._phones = [f"138{number:08}" for number in range(PHONES)]
        self._subscribers: dict[str, int] = {}
        self._kills_before = workshop.striker.kills
        site = workshop.stack.regulator
        self.places = {
            "find": Place(site, "recall_push", "WorkerCron"),
            "mail": Place(site, "mail_mail", "WorkerCron"),
            "webhook": Place(site, "recall_webhook_message", "WorkerCron"),
        }

    def set_up(self, smtp: int, gateway: str) -> None:
        """Enter who is told, and the recalls of which they will be told."""
        stack = self.workshop.stack
        answer = stack.regulator.database.shell(
            SETUP,
            smtp=smtp,
            gateway=gateway,
            url=self.partner.url,
            numbers=self._numbers,
            addresses=self._addresses,
            phones=self._phones,
            fleet=FLEET,
        )
        self.partner.secret = answer["secret"]
        self.workshop.ask("regulator", READY)
        self._subscribers = answer["subscribers"]
        points = self.workshop.points["regulator"]
        points.make("recall_push")
        points.make("mail_mail", "recall_webhook_message", event="UPDATE")

    # === Telling === #

    def tell(self, name: str, strike: Strike | None = None) -> None:
        """Publish a recall, and strike while all who want to know are told.

        :param name: where the strike falls: `find`, `mail` or `webhook`
        """
        self.workshop.forget_cut_off()
        self.workshop.do(self._publish, self.places[name], strike)
        self.workshop.insist(self.compare)

    def _publish(self) -> None:
        number = next(self._coming)
        self._published.append(number)
        is_public = False

        def done() -> bool:
            nonlocal is_public
            is_public = is_public or self._make_public(number)
            if self._all_told():
                return True
            self.workshop.wake("regulator", *CRONS)
            return False

        wait_for(done, self._state)

    def _make_public(self, number: str) -> bool:
        self.workshop.ask("regulator", PUBLISH, number)
        return True

    def _all_told(self) -> bool:
        [(pushes, messages, waiting)] = self.workshop.ask("regulator", LEFT)
        recalls = len(self._published)
        return (
            pushes == recalls * (SUBSCRIBERS + PHONES)
            and messages == recalls * (FLEET + 1)
            and not waiting
            and self.workshop.ask("regulator", IDLE, list(CRONS)) == [(len(CRONS),)]
        )

    def _state(self) -> str:
        [left] = self.workshop.ask("regulator", LEFT)
        return f"{len(self._published)} recalls; made, made, waiting: {left}"

    # === Books === #

    def compare(self) -> None:
        """Nobody is told twice; whoever was not told is kept for a person to decide."""
        self._compare_mails()
        self._compare_short()
        self._compare_webhook()

    def _compare_mails(self) -> None:
        told = self.mailbox.told
        asked = set(product(self._addresses, self._published))
        unclear = set(self.workshop.ask("regulator", UNCLEAR_MAILS))
        assert set(told) <= asked, "a mail about nothing"
        assert max(told.values()) == 1, "a mail came twice"
        assert asked - set(told) <= unclear, "a mail is lost"
        # One worker hands over one mail at a time.
        assert len(unclear) <= self._kills, "unclear without a kill"

    def _compare_short(self) -> None:
        rows = self.workshop.ask("regulator", SHORT)
        states = {(who, number): state for who, number, state in rows}
        told = {
            (self._subscribers[phone.removeprefix("+86")], number): count
            for (phone, number), count in self.gateway.told.items()
        }
        unclear = {one for one, state in states.items() if state == "sending"}
        assert set(states) == set(product(self._subscribers.values(), self._published))
        assert set(states.values()) <= {"sent", "sending"}
        assert max(told.values()) == 1, "a short message came twice"
        assert set(states) - set(told) <= unclear, "a short message is lost"
        assert len(unclear) <= self._kills * SMS_BATCH, "unclear without a kill"

    def _compare_webhook(self) -> None:
        made = dict(
            self.workshop.ask(
                "regulator", "SELECT reference, payload FROM recall_webhook_message"
            )
        )
        # Again and again, if need be, but always the same under the same id.
        assert self.partner.bodies == {i: {body.encode()} for i, body in made.items()}
        numbers = sorted(json.loads(one)["data"]["sequence"] for one in made.values())
        assert numbers == list(range(1, len(made) + 1))

    @property
    def _kills(self) -> int:
        return self.workshop.striker.kills - self._kills_before


@contextmanager
def messages_of(workshop: Workshop) -> Iterator[Messages]:
    """Have all receivers listen, and the regulator know them."""
    mailbox, gateway = Mailbox(), Gateway()
    with (
        Partner(workshop.stack.authority.server) as partner,
        mailbox.serve() as smtp,
        gateway.serve() as sms,
    ):
        messages = Messages(workshop, mailbox, gateway, partner)
        messages.set_up(smtp, sms)
        yield messages
