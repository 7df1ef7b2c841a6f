# SPDX-License-Identifier: LGPL-3.0-only
import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .approved import OWN_MODULES, ApprovedCase
from .fixtures import FIXTURES, SHARED
from .two_producers import TwoProducersCommon

#: Accounts that have none of our roles must get at nothing.
STRANGERS = ("base.group_user", "base.group_portal", "base.group_public")
OPERATIONS = (("c", "create"), ("r", "read"), ("w", "write"), ("u", "unlink"))


class _Undo(Exception):
    """Ends an operation that was allowed."""


@tagged("post_install", "-at_install")
class TestAccessMatrix(ApprovedCase, TwoProducersCommon):
    """What every role may really do with records of its own and of other producers.

    A cell of ``access_matrix.csv`` has a letter for each of create, read, write and
    unlink: the letter when it works, ``!`` when the rights allow it and a rule of the
    model refuses it, ``-`` when the rights refuse it.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            group: cls.make_bound_user(f"matrix_{group}", group)
            for group in (*cls._own_groups(), *STRANGERS)
        }
        cls.env.flush_all()

    @classmethod
    def _own_groups(cls):
        data = cls.env["ir.model.data"].search(
            [("model", "=", "res.groups"), ("module", "in", OWN_MODULES)]
        )
        return sorted(data.mapped("complete_name"))

    def _own_models(self):
        """Models with a table that our add-ons define.

        A view has none: the tests of its add-on show whose rows an account reads.
        """
        return sorted(
            name
            for name, model in self.env.registry.items()
            if name.startswith("recall.") and model._auto and not model._abstract
        )

    def _try(self, operation):
        """Do something and undo it: whether it is allowed, guarded or refused."""
        try:
            with self.env.cr.savepoint():
                operation()
                self.env.flush_all()
                raise _Undo
        except _Undo:
            return "allowed"
        except AccessError:
            return "refused"
        except (UserError, psycopg2.IntegrityError):
            return "guarded"
        finally:
            self.env.invalidate_all()

    def _create(self, user, model, scope):
        prepare_vals, _changes = FIXTURES[model]
        vals = prepare_vals(self, self.producers[scope])
        return self.env[model].with_user(user).create(vals)

    def _record(self, user, model, scope):
        """Return the record to work on; a dialogue is its account's own."""
        record = self.records[model, scope]
        if record._transient and scope == "own":
            record = self._create(user, model, scope)
        return record.with_user(user)

    def _read(self, record):
        record.read(["display_name"])
        try:
            with self.env.cr.savepoint():
                record.read()
        except AccessError as error:
            # As when a person exports it: a field lacks the groups that may read it.
            with self.subTest(model=record._name, login=record.env.user.login):
                self.fail(f"The record can be read, but not all its fields: {error}")

    def _cell(self, user, model, scope):
        _prepare_vals, changes = FIXTURES[model]
        steps = {
            "create": lambda: self._create(user, model, scope),
            "read": lambda: self._read(self._record(user, model, scope)),
            "write": lambda: self._record(user, model, scope).write(changes),
            "unlink": lambda: self._record(user, model, scope).unlink(),
        }
        shown = {"guarded": "!", "refused": "-"}
        return "".join(
            shown.get(self._try(steps[operation]), letter)
            for letter, operation in OPERATIONS
        )

    def test_model_or_group_is_not_in_the_matrix(self):
        """X-ACCESS: a new model needs a fixture here before it can be approved."""
        self.assertEqual(self._own_models(), sorted(FIXTURES))

    def test_role_may_do_more_or_less_than_approved(self):
        """X-ACCESS: what each role may create, read, write and delete is approved."""
        rows = []
        with mute_logger("odoo.sql_db", "odoo.models.unlink"):
            for model in FIXTURES:
                scopes = ("any",) if model in SHARED else ("own", "other")
                for scope in scopes:
                    place = "own" if scope == "any" else scope
                    cells = (
                        self._cell(user, model, place) for user in self.users.values()
                    )
                    rows.append((model, scope, *cells))
        self.assertApproved("access_matrix.csv", ("model", "scope", *self.users), rows)

    def test_stranger_gets_at_anything(self):
        """X-ACCESS: an account without a role of ours reads and changes nothing."""
        for group in STRANGERS:
            for model in FIXTURES:
                with self.subTest(group=group, model=model):
                    cell = self._cell(self.users[group], model, "own")
                    self.assertLessEqual(set(cell), {"-", "!"})
