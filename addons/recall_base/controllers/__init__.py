# SPDX-License-Identifier: LGPL-3.0-only
from . import dispatcher, evidence, export, recall_import, session
