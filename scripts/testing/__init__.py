# SPDX-License-Identifier: LGPL-3.0-only
"""The parts of scripts/test.py: one module for each kind of test."""
