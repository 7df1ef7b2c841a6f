# SPDX-License-Identifier: LGPL-3.0-only
"""Log-ins of the demo, one for each role, made as an administrator would."""

from stack.stack import Site

PASSWORD = "recall-demo"
# site -> login -> (name, group)
ACCOUNTS = {
    "producer": {
        "dealer": ("经销商 Dealer", "recall_enterprise.group_dealer"),
        "clerk": ("录入员 Clerk", "recall_enterprise.group_clerk"),
        "reviewer": ("审核员 Reviewer", "recall_enterprise.group_reviewer"),
        "producer": (
            "企业管理员 Administrator",
            "recall_enterprise.group_administrator",
        ),
    },
    "regulator": {
        "viewer": ("查看员 Viewer", "recall_management.group_viewer"),
        "officer": ("业务员 Officer", "recall_management.group_officer"),
        "engineer": ("工程师 Engineer", "recall_management.group_engineer"),
        "administrator": (
            "管理端管理员 Administrator",
            "recall_management.group_administrator",
        ),
        "maker": ("生产者账号 Producer", "recall_management.group_producer"),
        "operator": ("服务端管理员 Operator", "recall_service.group_administrator"),
        "auditor": ("审计员 Auditor", "recall_base.group_auditor"),
    },
}
_SCRIPT = """\
for login, (name, group) in values["accounts"].items():
    if not env["res.users"].search([("login", "=", login)]):
        env["res.users"].create({
            "login": login, "name": name, "password": values["password"],
            "lang": "zh_CN", "tz": "Asia/Shanghai",
            "group_ids": [(4, env.ref(group).id)],
        })
env.ref("base.user_admin").write({"password": values["password"]})
env.company.name = values["company"]
env["ir.config_parameter"].set_param("web.base.url", values["url"])
env["ir.config_parameter"].set_param("web.base.url.freeze", "True")
"""
COMPANIES = {
    "producer": "召回追溯企业端(演示)",
    "regulator": "汽车产品召回追溯(演示)",
}


def make_accounts(site: Site) -> None:
    """Make the log-ins of a site and tell it its address.

    Log-ins that are there stay as they are.
    """
    site.database.shell(
        _SCRIPT,
        accounts=ACCOUNTS[site.name],
        password=PASSWORD,
        company=COMPANIES[site.name],
        url=site.url,
    )


_PRODUCERS_SCRIPT = """\
producers = env["recall.producer"].search([], order="id", limit=values["limit"])
accounts = env["res.users"].search([("login", "in", values["logins"])])
accounts.write({"recall_producer_ids": [(6, 0, producers.ids)]})
dealer = env["recall.dealer"].search([], order="id", limit=1)
accounts.filtered(lambda user: user.login == "dealer").recall_dealer_id = dealer
"""


def grant_producers(site: Site) -> None:
    """Let accounts see the producers that the plans brought.

    On a producer's server all its accounts see all its producers; at the regulator the
    one account of a producer sees the first of them.
    """
    at_regulator = site.name == "regulator"
    site.database.shell(
        _PRODUCERS_SCRIPT,
        logins=["maker"] if at_regulator else list(ACCOUNTS[site.name]),
        limit=1 if at_regulator else None,
    )
