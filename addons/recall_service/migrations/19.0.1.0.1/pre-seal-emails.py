# SPDX-License-Identifier: LGPL-3.0-only
import secrets

from psycopg2.extras import execute_values

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.contacts import mask_email

_COLUMNS = ("email_sealed", "email_digest", "email_masked", "email_seed")


def migrate(cr, _version):
    """Seal the mail addresses of subscribers, which stood in clear."""
    for table in ("recall_subscriber", "recall_subscription"):
        for column in _COLUMNS:
            cr.execute(f'ALTER TABLE {table} ADD COLUMN "{column}" varchar')
        cr.execute(f"SELECT id, email FROM {table} WHERE email IS NOT NULL")  # noqa: S608
        if rows := [(number, *_seal(address)) for number, address in cr.fetchall()]:
            execute_values(
                cr._obj,
                f"""UPDATE {table} old
                       SET (email_sealed, email_digest, email_masked, email_seed)
                           = (new.sealed, new.digest, new.masked, new.seed)
                      FROM (VALUES %s) AS new (id, sealed, digest, masked, seed)
                     WHERE new.id = old.id""",  # noqa: S608  # names from here
                rows,
                page_size=1000,
            )
        # Its indexes and constraints go with it.
        cr.execute(f"ALTER TABLE {table} DROP COLUMN email")


def _seal(address):
    keys, seed = cipher.KeyRing.from_environment(), secrets.token_hex(16)
    sealed = keys.seal(address, f"recall.subscription:email:{seed}")
    return sealed, keys.blind(address), mask_email(address), seed
