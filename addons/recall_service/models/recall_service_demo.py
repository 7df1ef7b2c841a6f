# SPDX-License-Identifier: LGPL-3.0-only
import logging
from datetime import UTC, datetime, timedelta

from odoo import Command, api, fields, models

from odoo.addons.recall_base.tools import cipher, credit_code, messages, vin
from odoo.addons.recall_base.tools.plan_messages import PlanMessage

_logger = logging.getLogger(__name__)

WMI, VEHICLES = "LTW", 20
DAYS = 30  # of usage
#: Name, kind, VINs a day, share of the quota used today, methods granted.
DATA_USERS = (
    ("演示机动车检验有限公司", "inspection", 1800, 0.6, ()),
    ("演示财产保险股份有限公司", "insurer", 9000, 0.92, ("allow_many",)),
    ("演示二手车市场有限公司", "used_car", 700, 0.3, ("allow_many", "allow_changes")),
    ("演示市公安局交通警察支队", "police", 5200, 0.4, ("allow_export", "share_dealer")),
)
#: Answers of the public search, in a quiet hour.
LOOKUPS = (("none", 30), ("done", 12), ("open", 8), ("invalid", 5), ("hurdle", 1))
#: Name, kind, state and what was written about it.
APPLICATIONS = (
    ("演示汽车维修有限公司", "repair", "waiting", {}),
    ("演示检测站（二）有限公司", "inspection", "waiting", {"allow_many": True}),
    ("演示数据服务有限公司", "other", "more", {"question": "数据将由哪个系统使用？"}),
    ("演示广告有限公司", "other", "refused", {"reason": "用途与召回无关。"}),
)


class RecallServiceDemo(models.AbstractModel):
    """Demo data: made-up partners with interfaces and usage, subscribers, messages.

    No organisation, person or vehicle in it exists.
    """

    _name = "recall.service.demo"
    _description = "Demo data of the service terminal"

    @api.model
    def _load(self):
        plan = self._make_plan()
        partners = [self._make_partner(*facts) for facts in DATA_USERS]
        self._suspend_one(partners[2])
        account = self.env.ref("recall_service.demo_partner")
        partners[1].account_ids = [Command.link(account.id)]
        if self._has_keys():
            self._issue_tokens(partners[1])
            self._make_subscriptions(plan)
        for number, facts in enumerate(APPLICATIONS, 1):
            self._make_application(number, *facts)
        self._ask_more(partners[1], account)
        self._look_up()

    def _has_keys(self):
        """Whether tokens can be issued and mail addresses sealed."""
        try:
            cipher.KeyRing.from_environment()
        except cipher.KeyFileError:
            _logger.info(
                "Demo tokens and subscribers are left out: RECALL_KEY_FILE is missing."
            )
            return False
        return True

    def _make_plan(self):
        """A recall whose vehicles the search, partners and subscribers find."""
        start = fields.Date.today() - timedelta(days=60)
        message = {
            "producerName": "演示乘用车有限公司",
            "brand": "演示",
            "series": "S7",
            "model": "YSC7001A",
            "recallNum": f"S{start.year}M9201V",
            "recallStartTime": str(start),
            "announced": str(start - timedelta(days=7)),
            "numRecall": VEHICLES,
            "vinRange": f"{WMI}AA11B*SA000001-{WMI}AA11B*SA{VEHICLES:06}",
            "defectDesc": "气囊控制单元的软件存在缺陷，碰撞时可能不能及时展开气囊。",
            "possibleConsequence": "增加乘员受伤的风险，存在安全隐患。",
            "repairMethod": "免费升级控制单元的软件。",
            "parts": [{"partNumber": "SRS-01", "partName": "气囊控制单元"}],
            "vins": [{"vin": self._make_vin(n)} for n in range(1, VEHICLES + 1)],
        }
        checked = messages.validate(PlanMessage, message)
        return self.env["recall.plan"]._take_in(checked)["plan"]

    def _make_vin(self, number):
        return vin.make_vin(WMI, "AA11B", "S", "A", f"{number:06}")

    # === Partners === #

    def _make_code(self, number):
        body = f"91310115MA1DEMO{number:02}".replace("O", "0")
        return body + credit_code.check_character(body)

    def _make_partner(self, name, kind, vins, share, methods):
        DataUser = self.env["recall.data.user"]
        number = DataUser.search_count([]) + 11
        data_user = DataUser.create(
            {
                "name": name,
                "kind": kind,
                "credit_code": self._make_code(number),
                "purpose": "查询车辆是否有未完成的召回",
                "legal_basis": "数据共享协议（演示）",
                "phone": f"021-5555{number:04}",
            }
        )
        Interface = self.env["recall.share.interface"]
        Interface.create(data_user._prepare_sandbox_vals())
        interface = Interface.create(
            {
                "name": "生产环境",
                "data_user_id": data_user.id,
                "quota_day": 10_000,
                **dict.fromkeys(methods, True),
            }
        )
        self._use(interface, vins, share)
        return data_user

    def _use(self, interface, vins, share):
        """Usage of the last days: less on Sundays, some faults, a quota that is met."""
        now = fields.Datetime.now().replace(minute=0, second=0)
        rows = []
        for back in range(DAYS):
            day = now.replace(hour=2) - timedelta(days=back)
            weight = 0.4 if day.weekday() == 6 else 1 + (day.day % 5) / 20
            asked = int(vins * weight)
            rows += [(day, "one", 200, asked), (day, "one", 407, asked // 60)]
            if interface.allow_many:
                rows.append((day, "many", 200, asked // 10))
            if not back % 6:
                rows.append((day, "one", 429, asked // 25 + 1))
        today = int(interface.quota_day * share)
        rows = [row for row in rows if row[0].date() != now.date()]
        rows.append((now, "one", 200, today))
        self.env["recall.share.usage"].create(
            [
                {
                    "hour": hour,
                    "interface_id": interface.id,
                    "data_user_id": interface.data_user_id.id,
                    "method": method,
                    "api_status": status,
                    "request_count": count,
                    "vin_count": count * (20 if method == "many" else 1),
                    "answer_bytes": count * 900,
                }
                for hour, method, status, count in rows
                if count
            ]
        )

    def _look_up(self):
        """Look-ups of the last days: most by day and on weekends, a few in English."""
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        languages = dict(self.env["res.lang"].get_installed())
        counts = {}
        for back in range(DAYS * 24):
            hour = now - timedelta(hours=back)
            busy = 2 if 8 <= (hour.hour + 8) % 24 < 23 else 0.2
            busy *= (1.5 if hour.weekday() > 4 else 1) * (1 + (hour.day % 7) / 10)
            for answer, share in LOOKUPS:
                for lang, part in (("zh_CN", 0.9), ("en_US", 0.1)):
                    count = round(busy * share * part)
                    if count and lang in languages:
                        counts[int(hour.timestamp()), answer, lang] = (count,)
        self.env["recall.lookup.usage"]._store_counts(counts)

    def _suspend_one(self, data_user):
        data_user._suspend("共享协议已到期，请续签（演示）。")

    def _issue_tokens(self, data_user):
        for name, days in (("核心业务系统", 6), ("核心业务系统（新）", 365)):
            self.env["recall.token"].issue(
                {
                    "name": name,
                    "purpose": "share",
                    "data_user_id": data_user.id,
                    "expires_at": fields.Datetime.now() + timedelta(days=days),
                    "allowed_addresses": "203.0.113.0/24",
                }
            )

    def _make_application(self, number, name, kind, state, more):
        now = fields.Datetime.now()
        self.env["recall.data.application"].create(
            {
                "name": name,
                "credit_code": self._make_code(60 + number),
                "kind": kind,
                "contact_name": f"演示联系人{number}",
                "email": f"contact{number}@partner.example",
                "phone": f"021-5556{number:04}",
                "purpose": "在业务办理时查询车辆的召回情况",
                "legal_basis": "数据共享协议（拟签）",
                "lang": "en_US",
                "quota_day": 500 * number,
                "state": state,
                "asked_at": now - timedelta(days=number, hours=1),
                "confirmed_at": now - timedelta(days=number),
                "decided_at": state != "waiting" and now,
                **more,
            }
        )

    def _ask_more(self, data_user, account):
        [interface] = data_user.interface_ids.filtered(lambda item: not item.sandbox)
        self.env["recall.data.application"]._ask_more(
            interface,
            account,
            {
                "purpose": "承保系统夜间批量查询",
                "legal_basis": "数据共享协议补充条款（演示）",
                "allow_changes": True,
                "quota_day": 50_000,
            },
        )

    # === Subscribers === #

    def _make_subscriptions(self, plan):
        """Subscribers of vehicles, a brand and a recall, and what they got."""
        Subscription = self.env["recall.subscription"]
        targets = [{"vin": self._make_vin(number)} for number in range(1, 6)]
        targets += [{"brand": plan.brand}, {"plan_id": plan.id}]
        now = fields.Datetime.now()
        for number, target in enumerate(targets, 1):
            subscription = Subscription.create(
                {"email": f"owner{number}@owner.example", "lang": "en_US", **target}
            )
            subscription.mail_due = False  # nobody is there to read it
            if number == 1:
                continue
            subscription._confirm()
            subscription.confirmed_at = now - timedelta(days=number * 3)
            self.env["recall.push"].create(
                {
                    "subscription_id": subscription.id,
                    "subscriber_id": subscription.subscriber_id.id,
                    "plan_id": plan.id,
                    "event": "vehicle" if subscription.vin else "published",
                    "state": "failed" if number == 3 else "sent",
                    "attempts": 10 if number == 3 else 0,
                    "failure": "SMTPRecipientsRefused" if number == 3 else False,
                    "sent_at": number != 3 and now - timedelta(days=number),
                }
            )
