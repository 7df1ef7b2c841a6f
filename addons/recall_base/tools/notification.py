# SPDX-License-Identifier: LGPL-3.0-only
"""What a button answers when it has something to say."""

CLOSE = {"type": "ir.actions.act_window_close"}
RELOAD = {"type": "ir.actions.client", "tag": "soft_reload"}


def notify(
    message: str,
    *,
    kind: str = "success",
    title: str | None = None,
    then: dict | None = None,
) -> dict:
    """Return the client action that shows a sentence; all but a success stays open.

    :param kind: `success`, `info`, `warning` or `danger`
    :param then: action that follows, such as `CLOSE` where a dialogue asked
    """
    params = {"message": message, "type": kind, "sticky": kind != "success"}
    if title:
        params["title"] = title
    if then:
        params["next"] = then
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": params,
    }
