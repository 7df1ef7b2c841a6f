/** @odoo-module **/
// SPDX-License-Identifier: LGPL-3.0-only
import { CopyButton } from "@web/core/copy_button/copy_button";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

/** A text to hand over: shown, copied as a whole, printed; it is not saved. */
export class RecallSheetField extends Component {
    static template = "recall_base.RecallSheetField";
    static components = { CopyButton };
    static props = { ...standardFieldProps };

    setup() {
        this.copyText = _t("Copy the sheet");
        this.copiedText = _t("Copied");
    }

    get text() {
        return this.props.record.data[this.props.name] || "";
    }

    /** Print through a frame of its own, so that nothing else of the screen is on it. */
    print() {
        const frame = document.createElement("iframe");
        frame.className = "d-none";
        document.body.appendChild(frame);
        const sheet = frame.contentDocument.createElement("pre");
        sheet.style.cssText = "font: 14px/1.8 sans-serif; white-space: pre-wrap";
        sheet.textContent = this.text;
        frame.contentDocument.body.appendChild(sheet);
        frame.contentWindow.addEventListener("afterprint", () => frame.remove());
        frame.contentWindow.print();
    }
}

registry.category("fields").add("recall_sheet", {
    component: RecallSheetField,
    displayName: _t("Hand-over sheet"),
    supportedTypes: ["text"],
});
