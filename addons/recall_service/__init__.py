# SPDX-License-Identifier: LGPL-3.0-only
from . import controllers, models, report, wizard
from .hooks import uninstall_hook
