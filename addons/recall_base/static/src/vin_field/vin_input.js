// SPDX-License-Identifier: LGPL-3.0-only
import { Component, onMounted, onWillUpdateProps, useRef, useState } from "@odoo/owl";
import { scanBarcode } from "@web/core/barcode/barcode_dialog";
import { isBarcodeScannerSupported } from "@web/core/barcode/barcode_video_scanner";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";

const LENGTH = 17;

/** What a VIN never has and people put in: blanks and dashes; capitals throughout. */
function normalise(text) {
    return text
        .normalize("NFKC")
        .replace(/[\s\u200b\ufeff‐-―_-]+/g, "")
        .toUpperCase();
}

/**
 * An input for a VIN: it can be typed, pasted, or scanned with the camera. The server
 * finds the VIN in what was scanned, and says what is wrong with it.
 */
export class VinInput extends Component {
    static template = "recall_base.VinInput";
    static props = {
        value: { type: String, optional: true },
        id: { type: String, optional: true },
        large: { type: Boolean, optional: true },
        autofocus: { type: Boolean, optional: true },
        /** Called with the text as it stands, whenever it changes. */
        onChange: { type: Function, optional: true },
        /** Called with the text when a VIN is complete: scanned, chosen or entered. */
        onDone: { type: Function, optional: true },
    };
    static defaultProps = { value: "", onChange: () => {}, onDone: () => {} };

    setup() {
        this.orm = useService("orm");
        this.input = useRef("input");
        this.canScan = isBarcodeScannerSupported();
        this.state = useState({ text: this.props.value, report: null, error: "" });
        onMounted(() => {
            if (this.props.autofocus) {
                this.input.el.focus();
            }
        });
        onWillUpdateProps(({ value }) => {
            if (value !== this.props.value && value !== this.state.text) {
                this.state.text = value;
                this.state.report = null;
            }
        });
    }

    get missing() {
        const length = this.state.text.length;
        return length && length < LENGTH
            ? _t("%(count)s of 17 characters", { count: length })
            : "";
    }

    get wrongCharacters() {
        return this.state.report && !this.state.report.valid && this.state.report.positions.length
            ? [...this.state.text].map((character, index) => ({
                  character,
                  wrong: this.state.report.positions.includes(index + 1),
              }))
            : [];
    }

    onInput(ev) {
        const text = normalise(ev.target.value);
        // A scanner that types, or a paste, may bring an address around the VIN: the
        // server looks into it.
        this.take(text.length > LENGTH ? ev.target.value.trim() : text, ev.target);
    }

    take(text, input) {
        this.state.text = text;
        this.state.report = null;
        if (input && input.value !== text) {
            const end = input.value.length - input.selectionEnd;
            input.value = text;
            input.setSelectionRange(text.length - end, text.length - end);
        }
        this.props.onChange(text);
        if (text.length >= LENGTH) {
            this.check();
        }
    }

    /** Ask the server about the text; returns whether it is a VIN. */
    async check() {
        const asked = this.state.text;
        const report = await this.orm.silent.call("recall.vin", "check", [asked]);
        if (asked !== this.state.text) {
            return false;
        }
        this.state.report = report;
        if (report.vin !== asked) {
            this.state.text = report.vin;
            this.props.onChange(report.vin);
        }
        return report.valid;
    }

    async onEnter(ev) {
        if (ev.key === "Enter") {
            ev.preventDefault();
            await this.finish();
        }
    }

    async finish() {
        await this.check();
        this.props.onDone(this.state.text);
    }

    async onTakeSuggestion() {
        this.take(this.state.report.suggestion);
        await this.finish();
    }

    async onScan() {
        this.state.error = "";
        try {
            this.take(await scanBarcode(this.env));
        } catch (error) {
            this.state.error = error.message;
            return;
        }
        await this.finish();
    }
}
