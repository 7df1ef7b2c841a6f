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
"""
COMPANIES = {
    "producer": "召回追溯企业端(演示)",
    "regulator": "汽车产品召回追溯(演示)",
}


def make_accounts(site: Site) -> None:
    """Make the log-ins of a site; those that are there stay as they are."""
    site.database.shell(
        _SCRIPT,
        accounts=ACCOUNTS[site.name],
        password=PASSWORD,
        company=COMPANIES[site.name],
    )


_PRODUCERS_SCRIPT = """\
producers = env["recall.producer"].search([])
accounts = env["res.users"].search([("login", "in", values["logins"])])
accounts.write({"recall_producer_ids": [(6, 0, producers.ids)]})
dealer = env["recall.dealer"].search([], order="id", limit=1)
accounts.filtered(lambda user: user.login == "dealer").recall_dealer_id = dealer
"""


def grant_producers(site: Site) -> None:
    """Let the producer's accounts see the producers that its plans brought."""
    site.database.shell(_PRODUCERS_SCRIPT, logins=list(ACCOUNTS[site.name]))
