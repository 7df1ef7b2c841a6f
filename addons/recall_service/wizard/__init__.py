# SPDX-License-Identifier: LGPL-3.0-only
from . import recall_objection_decide, recall_token_issue
