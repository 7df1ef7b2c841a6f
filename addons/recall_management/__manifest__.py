# SPDX-License-Identifier: LGPL-3.0-only
{
    "name": "Recall Traceability: Management Terminal",
    "summary": "The regulator pulls repair reports from all producers, verifies and "
    "counts them",
    "version": "19.0.1.0.0",
    "category": "Services/Recall",
    "author": "Recall Traceability Project",
    "license": "LGPL-3",
    "application": True,
    "depends": ["recall_base"],
    "data": [
        "security/recall_management_groups.xml",
        "security/ir.model.access.csv",
        "security/recall_management_security.xml",
        "data/ir_cron_data.xml",
        "views/recall_exchange_views.xml",
        "views/recall_quarantine_views.xml",
        "views/recall_enterprise_views.xml",
        "views/recall_management_menus.xml",
    ],
}
