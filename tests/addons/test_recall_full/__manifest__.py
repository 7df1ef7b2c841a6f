# SPDX-License-Identifier: LGPL-3.0-only
{
    "name": "Recall Traceability: Tests of the Whole",
    "summary": "Route census, access matrix and flows over all add-ons",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "author": "Recall Traceability Project",
    "license": "LGPL-3",
    "depends": ["recall_enterprise", "recall_management", "recall_service"],
}
