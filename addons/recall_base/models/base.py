# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models, tools

from ..tools import audit_values, cipher, contacts

#: Odoo's records that are settings, or decide who may do what.
SETTINGS = frozenset(
    {
        "ir.actions.server",
        "ir.config_parameter",
        "ir.cron",
        "ir.default",
        "ir.mail_server",
        "ir.model.access",
        "ir.rule",
        "mail.template",
        "res.company",
        "res.groups",
        "res.users",
        "res.users.apikeys",
    }
)
#: Types whose values a person wrote freely: they may name somebody.
_FREE_TEXT = ("text", "html")


class Base(models.AbstractModel):
    """Every record of ours that is created, written or deleted leaves an event.

    So does Odoo's own of ``SETTINGS``. A model of ours need not do anything for it; a
    new one is covered as it is added. What it may say::

        class RecallExample(models.Model):
            _name = "recall.example"

            _audited = {"write"}  # other deeds have events of another kind; or none
            _audit_readonly = False  # the machine keeps them, or its deeds tell
            _audit_personal = {"vin"}  # logged as keyed digests
            _audit_plain = {"defect"}  # names nobody, though it may look so
            _audit_ignored = {"last_seen"}  # kept by the machine
            _audit_unread = {"password"}  # stored past the ORM, never read

    Of the last four an extension of a model names what it adds: the sets of its
    classes count together.
    Events tell what was and what is now. Personal data, free texts and what only the
    system may read are keyed digests: whether they changed, not what they say; so is
    any other text with a phone number or mail address in it. While modules are loaded
    nothing is logged here but the modules (``ir.module.module``).
    """

    _inherit = "base"

    #: None: all of it, for models of ours with a table and ``SETTINGS``.
    _audited = None
    _audit_readonly = True
    _audit_personal = frozenset()
    _audit_plain = frozenset()
    _audit_ignored = frozenset()
    _audit_unread = frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if self._is_audited("create"):
            after = records._audit_values(set().union(*vals_list))
            self.env["recall.audit.event"]._record_changes("create", records, {}, after)
        return records

    def write(self, vals):
        if not self._is_audited("write"):
            return super().write(vals)
        before = self._audit_values(vals)
        unread = sorted(self._audit_set("_audit_unread") & vals.keys())
        done = super().write(vals)
        self.env["recall.audit.event"]._record_changes(
            "write", self, before, self._audit_values(vals), unread
        )
        return done

    def unlink(self):
        if not self._is_audited("unlink"):
            return super().unlink()
        records, before = self.browse(self.ids), self._audit_values(self._fields)
        done = super().unlink()
        self.env["recall.audit.event"]._record_changes("unlink", records, before, {})
        return done

    def export_data(self, fields_to_export):
        """Override of `base` to log who takes records away as a file."""
        exported = super().export_data(fields_to_export)
        self.env["recall.audit.event"]._record(
            "record.export",
            self.browse(),
            fields=fields_to_export,
            count=len(self),
            ids=self.ids[: audit_values.LIST_LENGTH],
        )
        return exported

    @api.model
    def _is_audited(self, verb):
        if not self.pool.ready:
            return False
        if self._audited is not None:
            return verb in self._audited
        if self._name.startswith("recall.audit."):
            return False  # the log itself
        own = self._name.startswith("recall.") and self._auto and not self._transient
        return own or self._name in SETTINGS

    def _audit_values(self, names):
        """What the log keeps of the stored fields among ``names``, by record.

        :returns: dict id -> dict name -> JSON-able value
        """
        kept = self._audit_fields()
        names = [name for name in names if name in kept]
        # sudo: the log tells also of what the account itself may not read.
        return {
            record.id: {name: record._audit_value(name, kept[name]) for name in names}
            for record in self.sudo()
            if record.id
        }

    def _audit_value(self, name, hidden):
        """What the log keeps of one value of a record."""
        field, value = self._fields[name], self[name]
        if field.type == "boolean":
            return value
        if field.type == "many2one":
            value = value.id
        elif field.relational:
            value = value.ids
        hidden = hidden or (isinstance(value, str) and contacts.holds(value))
        return audit_values.show(value, hide if hidden else None)

    @api.model
    @tools.ormcache()
    def _audit_fields(self):
        """Stored fields that the log tells of, each with whether it hides its values.

        Not those of other records (one2many): these have events of their own.
        """
        ignored = self._audit_set("_audit_ignored") | set(models.MAGIC_COLUMNS)
        personal = self._audit_set("_audit_personal")
        plain = self._audit_set("_audit_plain")
        return {
            name: name in personal
            or "base.group_system" in (field.groups or "")
            or (
                name not in plain
                and (field.type in _FREE_TEXT or audit_values.is_personal(name))
            )
            for name, field in self._fields.items()
            if field.store
            and field.type != "one2many"
            and name not in ignored
            and (self._audit_readonly or not field.readonly)
        }

    @api.model
    @tools.ormcache("attribute")
    def _audit_set(self, attribute):
        """The sets that the classes of this model have by this name, in one."""
        return frozenset().union(
            *(vars(parent).get(attribute, ()) for parent in type(self).mro())
        )


def hide(text):
    """Return the keyed digest of a text that the log must not hold."""
    try:
        return cipher.KeyRing.from_environment().blind(f"recall.audit:{text}")
    except cipher.KeyFileError:
        return audit_values.HIDDEN
