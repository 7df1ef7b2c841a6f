# SPDX-License-Identifier: LGPL-3.0-only
{
    "name": "Benchmark: an empty route",
    "summary": "What a request costs that does nothing (never installed in operation)",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Recall Traceability Project",
    "license": "LGPL-3",
    "depends": ["web"],
}
