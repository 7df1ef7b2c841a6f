# SPDX-License-Identifier: LGPL-3.0-only
import re

from odoo.tests import TransactionCase, tagged

from odoo.addons.recall_base.models.sealed_mixin import LASTING, PASSING, YEAR

#: Names of columns that could hold how a person is reached.
_NAMES = re.compile(
    r"(^|_)(e?mails?|phones?|mobile|tel|telephone|fax|hotline|contacts?|owner|person|"
    r"receiver|recipient|sender|technical|addressee)($|_)"
)
#: What tells that a column has no contact in clear.
_HIDDEN = ("_sealed", "_digest", "_masked")
#: Columns that are kept in clear, and why.
CLEAR = {
    # What organisations name for their work; these mails and calls reach an office.
    "recall.data.application.contact_name": "who answers for an organisation",
    "recall.data.application.email": "becomes the name of the organisation's account",
    "recall.data.application.phone": "of an organisation, for the operator",
    "recall.data.user.phone": "of an organisation, for the operator",
    "recall.enterprise.technical_email": "of a producer's office, for alarms",
    "recall.enterprise.technical_name": "who answers for a producer's terminal",
    "recall.notice.round.sender": "the producer's own address, which owners see",
    "recall.producer.hotline": "meant for the public",
    "recall.webhook.email": "of a partner's office, for faults",
    # No contact at all.
    "recall.share.interface.phone_basis": "law that permits to share numbers",
    "recall.data.application.phone_basis": "law that permits to share numbers",
    "recall.data.application.decide.phone_basis": "law that permits to share numbers",
    "recall.subscriber.email_seed": "random: what a sealed address is bound to",
    "recall.subscription.email_seed": "random: what a sealed address is bound to",
}


@tagged("post_install", "-at_install")
class TestContactCensus(TransactionCase):
    """Every column that may hold contact data, by its name."""

    def _models(self):
        for name, Model in self.env.registry.items():
            if name.startswith("recall.") and not Model._abstract:
                yield self.env[name]

    def _columns(self):
        """Yield the names of stored texts, as ``model.field``."""
        for model in self._models():
            for name, field in model._fields.items():
                if field.store and field.type in ("char", "text", "html"):
                    yield f"{model._name}.{name}"

    def test_contact_is_kept_in_clear(self):
        """X-CRYPTO: a column for contact data is sealed, or listed with its reason."""
        named = {one for one in self._columns() if _NAMES.search(one.split(".")[-1])}
        self.assertGreater(len(named), 30)
        clear = {one for one in named if not one.endswith(_HIDDEN)}
        self.assertEqual(
            (sorted(clear - CLEAR.keys()), sorted(CLEAR.keys() - clear)),
            ([], []),
            "Seal it (recall.sealed.mixin), or say in CLEAR why it may be read.",
        )

    def test_sealed_column_is_forgotten_when_keys_change(self):
        """X-CRYPTO: each sealed column is moved to newer keys, or gone by itself."""
        kinds = {}
        for model in self._models():
            declared = getattr(model, "_sealed", {})
            kinds.update({f"{model._name}.{name}": declared[name] for name in declared})
        columns = {
            one
            for one in self._columns()
            if one.endswith("_sealed") or one.split(".")[-1] == "sealed"
        }
        self.assertLessEqual(columns, kinds.keys())
        self.assertLessEqual(set(kinds.values()), {YEAR, LASTING, PASSING})

    def test_digest_or_seal_is_read_by_a_role(self):
        """X-ACCESS: sealed texts and the digests beside them are for the system."""
        for model in self._models():
            for column in getattr(model, "_sealed", {}):
                field = model._fields[column]
                with self.subTest(model=model._name, column=column):
                    self.assertEqual(field.groups, "base.group_system")
