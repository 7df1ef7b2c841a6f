# SPDX-License-Identifier: LGPL-3.0-only
"""The regulator's public site, dressed as its editor would: no placeholders."""

from stack.stack import Site

from .accounts import COMPANIES

_SCRIPT = """\
website = env["website"].get_current_website()
chinese = env.ref("base.lang_zh_CN")
website.write({
    "default_lang_id": chinese.id, "homepage_url": "/recall", "domain": values["url"],
})
for language in ("en_US", "zh_CN"):
    website.with_context(lang=language).name = values["name"]
views = env["ir.ui.view"].with_context(active_test=False, website_id=website.id)
for key, active in values["views"].items():
    views.search([("key", "=", key), ("website_id", "=", False)]).active = active
brand = views.with_context(lang="en_US").search([
    ("key", "=", "website.option_header_brand_name"), ("website_id", "=", False),
])
brand.arch_db = brand.arch_db.replace("My Website", values["name"])
website.menu_id.child_id.filtered(lambda menu: menu.url != "/recall").unlink()
"""
# Parts of the page head that a new website shows with made-up contents.
_VIEWS = {
    "website.option_header_brand_logo": False,  # it and the name exclude each other
    "website.option_header_brand_name": True,
    "website.header_call_to_action": False,
    "website.header_search_box": False,
    "website.header_text_element": False,
}


def dress_website(site: Site) -> None:
    """Give the public site its name, its language and a plain head."""
    name = COMPANIES[site.name]
    site.database.shell(_SCRIPT, name=name, views=_VIEWS, url=site.url)
