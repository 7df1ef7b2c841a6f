# SPDX-License-Identifier: LGPL-3.0-only
"""`make bench`: speed and scale, measured side by side on one machine in one run."""
