# SPDX-License-Identifier: LGPL-3.0-only
"""A made-up world around the product: filings, dealers' systems, foreign peers."""
