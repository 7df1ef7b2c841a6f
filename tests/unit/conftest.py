# SPDX-License-Identifier: LGPL-3.0-only
"""Make the pure Python part of recall_base importable as `tools`."""

import sys
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "addons" / "recall_base"))

# No deadline: a busy machine is no failure.  Derandomised: the same commit always
# gives the same result.
settings.register_profile("suite", deadline=None, derandomize=True, max_examples=200)
settings.load_profile("suite")
