# SPDX-License-Identifier: LGPL-3.0-only
"""What a self-test says: its steps, and for each failure what was found and to do."""

from odoo.tools.translate import LazyTranslate

from odoo.addons.recall_base.tools.messages import ApiStatus

_lt = LazyTranslate(__name__)

# The steps of a request, in their order; what lies behind a failed one is not reached.
STEPS = {
    "address": _lt("The address is one that a peer can call"),
    "resolve": _lt("The host name is found"),
    "connect": _lt("The server accepts connections"),
    "tls": _lt("The certificate is valid"),
    "reply": _lt("An interface of this kind answers"),
    "own": _lt("It is this system that answers"),
    "status": _lt("The request is authorised"),
    "speed": _lt("The answer comes in time"),
}
#: Step that fails with each code of ``PeerError``.
STEP_OF = {
    "address": "address",
    "resolve": "resolve",
    "connect": "connect",
    "tls": "tls",
    "timeout": "speed",
    **dict.fromkeys(("reset", "http", "type", "redirect", "length"), "reply"),
    **dict.fromkeys(("size", "encoding"), "reply"),
}
ASK_NETWORK = _lt("Ask whoever runs the network or the firewall.")
# Code of PeerError, with its detail where that tells cases apart: (finding, advice).
FAULTS = {
    "address": (
        _lt("%(address)s is no address that a peer can call, or it is not public."),
        _lt(
            "Enter the address under which the regulator reaches this system, "
            "beginning with https://. If it is meant to be private, as in a trial "
            "installation, mark the interface as lying in a private network."
        ),
    ),
    "resolve": (
        _lt("The name %(host)s is not known, or the name server did not answer."),
        _lt(
            "Check the spelling of the own address. If it is right, have the name "
            "entered in the DNS."
        ),
    ),
    "connect": (
        _lt("%(host)s cannot be reached on port %(port)s."),
        ASK_NETWORK,
    ),
    "connect 111": (
        _lt("%(host)s refuses connections on port %(port)s: nothing listens there."),
        _lt(
            "See that the gateway (HAProxy) runs, and that the own address names its "
            "port."
        ),
    ),
    "tls": (
        _lt("The encrypted connection with %(host)s fails (OpenSSL: %(detail)s)."),
        _lt("Check the certificate and the TLS settings of the gateway."),
    ),
    "tls 9": (
        _lt("The certificate of %(host)s is not valid yet, by this server's clock."),
        _lt("Set the clock of this server (NTP); then have the certificate checked."),
    ),
    "tls 10": (
        _lt("The certificate of %(host)s has expired."),
        _lt("Renew the certificate on the gateway: the regulator refuses it too."),
    ),
    "tls 18": (
        _lt("The certificate of %(host)s is self-signed: nobody else vouches for it."),
        _lt(
            "Get a certificate from an authority that the regulator trusts. In a trial "
            "installation name the authority's file in RECALL_CA_FILE."
        ),
    ),
    "tls 20": (
        _lt("The certificate of %(host)s comes from an authority that is not trusted."),
        _lt(
            "Install the certificate with all certificates of its chain, from an "
            "authority that the regulator trusts. In a trial installation name the "
            "authority's file in RECALL_CA_FILE."
        ),
    ),
    "tls 62": (
        _lt("The certificate is made out for another name than %(host)s."),
        _lt("Get a certificate for %(host)s, or correct the own address."),
    ),
    "timeout": (
        _lt("There was no complete answer within %(deadline)s s, twice."),
        _lt(
            "The regulator breaks off after the same time. Look at the load of the "
            "server and of the database, and whether a firewall drops packets."
        ),
    ),
    "reset": (
        _lt("%(host)s broke the connection off."),
        _lt("See in the gateway's log why; a firewall in between can be the cause."),
    ),
    "http": (
        _lt("%(host)s answers with an HTML page and status %(detail)s."),
        _lt("Check the gateway: it does not pass the request on to this system."),
    ),
    "http 404": (
        _lt("%(host)s has no such page (404): another site answers there."),
        _lt(
            "Correct the own address, or let the gateway pass %(path)s on to this "
            "system."
        ),
    ),
    "type": (
        _lt("%(host)s answers with a page for people, not with data."),
        _lt(
            "Another site or a login page of a proxy answers: correct the own address, "
            "or let the proxy pass %(path)s on unchanged."
        ),
    ),
    "redirect": (
        _lt("%(host)s redirects to another address, which a peer does not follow."),
        _lt("Enter the address to which it redirects, or end the redirection."),
    ),
    "length": (
        _lt("The answer of %(host)s does not arrive whole, or not as it was sent."),
        _lt("Let the proxy pass answers on unchanged, neither packed nor rewritten."),
    ),
}
FAULTS["tls 19"] = FAULTS["tls 20"]
FAULTS["tls 64"] = FAULTS["tls 62"]
FAULTS["size"] = FAULTS["encoding"] = FAULTS["length"]

# api_status: (finding, advice).
REFUSALS = {
    ApiStatus.UNAUTHORISED: (
        _lt("The address list of the token keeps the request out (401)."),
        _lt("Add the address to the list of the token, or empty the list."),
    ),
    ApiStatus.KEY_INVALID: (
        _lt("The token of the self-test is not known there (403)."),
        _lt("The address leads to another installation: correct the own address."),
    ),
    ApiStatus.ROUTE_INVALID: (
        _lt("The interface is closed (404)."),
        _lt("Open it with the switch on the form."),
    ),
    ApiStatus.KEY_EXPIRED: (
        _lt("The token of the self-test has expired on its way (405)."),
        _lt("Set the clocks of this server and of the database server (NTP)."),
    ),
    ApiStatus.USER_DISABLED: (
        _lt("The producer is archived (406)."),
        _lt("Unarchive the producer."),
    ),
    ApiStatus.PERMISSION_CHECK_FAILED: (
        _lt("Tokens cannot be checked: the key file cannot be read (409)."),
        _lt("See that RECALL_KEY_FILE names the key file and the server may read it."),
    ),
    ApiStatus.RATE_LIMITED: (
        _lt("The gateway refuses requests because there are too many (429)."),
        _lt("Wait ten seconds. If it lasts, look in the gateway's log who sends them."),
    ),
    ApiStatus.GATEWAY_FAULT: (
        _lt("The gateway has a fault (500)."),
        _lt("Look in the gateway's log."),
    ),
    ApiStatus.BACKEND_FAULT: (
        _lt("The gateway runs, this system behind it is away or overloaded (501)."),
        _lt("See that Odoo and PostgreSQL run, and how many requests wait."),
    ),
}
OTHER_REFUSAL = (
    _lt("The request was refused with status %(status)s."),
    _lt("Look for request %(request_id)s in the server's log."),
)
