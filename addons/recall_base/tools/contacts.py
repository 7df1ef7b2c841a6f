# SPDX-License-Identifier: LGPL-3.0-only
"""What is shown of mail addresses, and contact data in texts meant for something else.

Whoever takes the wrong column or field writes contact data there. What looks like a
mobile number of mainland China or like a mail address is hidden; other numbers are
parts, VINs and counts as well.
"""

import logging
import re

_PHONE = re.compile(
    r"(?<![0-9A-Za-z])(\+?86[- ]?)?1[3-9][0-9]([- ]?[0-9]{4}){2}(?![0-9A-Za-z])"
)
# Bounded, so that no text makes the search long.
_EMAIL = re.compile(r"([\w.%+'-])[\w.%+'-]{0,63}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
#: Loggers of Odoo's own that write down what people type: names of accounts, which are
#: mail addresses, the sentences of refusals, and whom a mail server refuses.
LOGGERS = (
    "odoo.addons.auth_signup.controllers.main",
    "odoo.addons.auth_signup.models.res_users",
    "odoo.addons.auth_totp.models.res_users",
    "odoo.addons.auth_totp_mail.models.res_users",
    "odoo.addons.base.models.ir_mail_server",
    "odoo.addons.base.models.res_users",
    "odoo.addons.mail.models.mail_mail",
    "odoo.http",
)


def mask_email(address: str) -> str:
    """Hide a mail address: owner@example.com becomes o***@e***.com, what is none ""."""
    name, at, domain = address.partition("@")
    place, _, top = domain.rpartition(".")
    return f"{name[:1]}***@{place[:1]}***.{top}" if at else ""


def hide(text: str) -> str:
    """Mask each number and address in a text; z***@*** is left of an address."""
    text = _PHONE.sub("1**********", text)
    return _EMAIL.sub(r"\1***@***", text) if "@" in text else text


def holds(text: str) -> bool:
    """Whether a number or an address stands in a text."""
    return hide(text) != text


class LogFilter(logging.Filter):
    """Lets every line of a log through, without the contact data in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            return True  # arguments that do not fit: the handler says whose
        if (hidden := hide(text)) != text:
            record.msg, record.args = hidden, ()
        if record.exc_info and not record.exc_text:
            # What a formatter finds here it does not make itself.
            trace = logging.Formatter().formatException(record.exc_info)
            record.exc_text = hide(trace)
        return True


def guard_logs() -> None:
    """Have what Odoo logs of people's texts written without contact data."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, LogFilter) for one in logger.filters):
            logger.addFilter(LogFilter())
