# SPDX-License-Identifier: LGPL-3.0-only
import os
import pathlib
import tempfile
import threading
from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name

from ..tools import cipher, key_file


class CommittedCase(BaseCase):
    """Several at the same time, in transactions that really commit.

    A test takes back what it has left. A key file of its own is in force.
    """

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # Whoever runs the tests holds the lock that a thread of these would wait for.
        self.enterContext(patch.object(Registry, "_lock", threading.RLock()))
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        key_file.generate_key_file(folder / "keys.json")
        named = {cipher.ENVIRONMENT: str(folder / "keys.json")}
        self.enterContext(patch.dict(os.environ, named))

    @contextmanager
    def transaction(self):
        with self.registry.cursor() as cr:
            context = {"tracking_disable": True}
            yield api.Environment(cr, SUPERUSER_ID, context)
