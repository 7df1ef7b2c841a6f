/** SPDX-License-Identifier: LGPL-3.0-only */
import { Component, onWillUnmount, useEffect, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const AT_WORK = ["testing", "running"];
const MAX_MEGABYTES = 512;
const RELOAD_MS = 2000;

/** Uploads the file of an import as it is: large files do not fit into a field. */
export class RecallImportUpload extends Component {
    static template = "recall_base.RecallImportUpload";
    static props = { ...standardWidgetProps };

    setup() {
        this.fileUpload = useService("file_upload");
        this.notification = useService("notification");
        this.input = useRef("input");
        this.state = useState({ upload: null });
        const end = async ({ detail: { upload } }) => {
            if (this.state.upload && upload.id === this.state.upload.id) {
                this.state.upload = null;
                await this.props.record.load();
            }
        };
        useBus(this.fileUpload.bus, "FILE_UPLOAD_LOADED", end);
        useBus(this.fileUpload.bus, "FILE_UPLOAD_ERROR", end);
    }

    get percent() {
        return Math.round(100 * this.state.upload.progress);
    }

    async choose() {
        if (await this.props.record.save()) {
            this.input.el.click();
        }
    }

    async onFile() {
        const [file] = this.input.el.files;
        if (!file) {
            return;
        }
        if (file.size > MAX_MEGABYTES * 2 ** 20) {
            this.notification.add(
                _t("The file has more than %s MB. Split it, or save it as CSV.", MAX_MEGABYTES),
                { type: "danger", sticky: true }
            );
        } else {
            const url = `/recall/import/${this.props.record.resId}/file`;
            this.state.upload = await this.fileUpload.upload(url, [file]);
        }
        this.input.el.value = "";
    }
}

registry.category("view_widgets").add("recall_import_upload", {
    component: RecallImportUpload,
    fieldDependencies: [{ name: "name", type: "char" }],
});

/** Reloads the form while the scheduled action works on the import. */
export class RecallImportLive extends Component {
    static template = "recall_base.RecallImportLive";
    static props = { ...standardWidgetProps };

    setup() {
        this.timer = null;
        useEffect(
            (state) => {
                clearInterval(this.timer);
                if (AT_WORK.includes(state)) {
                    this.timer = setInterval(() => this.reload(), RELOAD_MS);
                }
            },
            () => [this.props.record.data.state]
        );
        onWillUnmount(() => clearInterval(this.timer));
    }

    async reload() {
        if (!document.hidden) {
            await this.props.record.load();
        }
    }
}

registry.category("view_widgets").add("recall_import_live", {
    component: RecallImportLive,
    fieldDependencies: [{ name: "state", type: "selection" }],
});
