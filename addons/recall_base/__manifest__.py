# SPDX-License-Identifier: LGPL-3.0-only
{
    "name": "Recall Traceability: Shared Domain",
    "summary": "Vehicles, recall plans, repair reports, tokens and evidence "
    "of GB/T 41047-2021",
    "version": "19.0.1.0.0",
    "category": "Services/Recall",
    "author": "Recall Traceability Project",
    "license": "LGPL-3",
    "depends": ["mail"],
    "external_dependencies": {
        "python": [
            "cryptography>=48",
            "lxml",
            "openpyxl",
            "pydantic>=2",
            "requests",
            "xlsxwriter",
        ]
    },
    "post_load": "post_load",
    "data": [
        "security/recall_base_groups.xml",
        "security/ir.model.access.csv",
        "security/recall_base_security.xml",
        "data/recall.wmi.csv",
        "data/recall_finding_data.xml",
        "data/recall_import_finding_data.xml",
        "data/ir_cron_data.xml",
        "views/recall_producer_views.xml",
        "views/recall_dealer_views.xml",
        "views/recall_wmi_views.xml",
        "views/recall_finding_views.xml",
        "views/recall_plan_views.xml",
        "views/recall_vehicle_views.xml",
        "views/recall_vin_exception_views.xml",
        "views/recall_completion_views.xml",
        "views/recall_token_views.xml",
        "views/recall_audit_event_views.xml",
        "views/recall_audit_checkpoint_views.xml",
        "views/recall_import_views.xml",
        "views/res_users_views.xml",
        "wizard/recall_plan_import_views.xml",
        "wizard/recall_token_issue_views.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "recall_base/static/src/dashboard/*",
            "recall_base/static/src/recall_import/*",
            "recall_base/static/src/recall_sheet/**/*",
            "recall_base/static/src/vin_field/**/*",
        ],
    },
}
