// SPDX-License-Identifier: LGPL-3.0-only
import { isBarcodeScannerSupported } from "@web/core/barcode/barcode_video_scanner";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { Interaction } from "@web/public/interaction";
import { readPhoto, scanWithCamera } from "./bar_code";
import { cleanUp, findVin, isInVin, LENGTH } from "./vin_text";

/** Characters laid out one by one. */
const LAID_OUT = 24;

/**
 * Helps with typing a VIN, or reads it from a bar code. The form works without it.
 */
export class RecallLookupForm extends Interaction {
    static selector = ".o_recall_form";
    dynamicContent = {
        "#o_recall_vin": { "t-on-input": this.onInput },
        ".o_recall_live": { "t-att-hidden": () => !this.text },
        ".o_recall_count": { "t-out": () => this.count },
        ".o_recall_message": { "t-out": () => this.message },
        ".o_recall_scan": { "t-att-hidden": () => false },
        ".o_recall_scan_camera": {
            "t-att-hidden": () => !isBarcodeScannerSupported(),
            "t-on-click": this.locked(this.onScan),
        },
        ".o_recall_scan_photo input": { "t-on-change": this.locked(this.onPhoto) },
    };

    setup() {
        this.input = this.el.querySelector("#o_recall_vin");
        this.text = "";
        this.message = "";
    }

    start() {
        this.take(this.input.value);
    }

    get count() {
        return _t("%(count)s of 17 characters", { count: this.text.length });
    }

    onInput() {
        this.take(this.input.value);
        this.message = this.judge();
    }

    take(text) {
        this.text = cleanUp(text);
        const boxes = [...this.text].slice(0, LAID_OUT).map((character, index) => {
            const box = document.createElement("span");
            box.textContent = character;
            box.classList.toggle("o_recall_wrong", !isInVin(character) || index >= LENGTH);
            return box;
        });
        this.el.querySelector(".o_recall_typed").replaceChildren(...boxes);
    }

    /** What is to be said of the text while it is typed: as little as possible. */
    judge() {
        const wrong = [...this.text].find((character) => !isInVin(character));
        if (wrong && "IOQ".includes(wrong)) {
            return _t("The letter %(letter)s is in no VIN. Is it the digit %(digit)s?", {
                letter: wrong,
                digit: wrong === "I" ? "1" : "0",
            });
        }
        if (wrong) {
            return _t("%(character)s is in no VIN.", { character: wrong });
        }
        if (this.text.length > LENGTH) {
            return _t("More than 17 characters.");
        }
        return this.text.length === LENGTH ? _t("All 17 characters are there.") : "";
    }

    async onScan() {
        this.message = "";
        let text;
        try {
            text = await this.waitFor(scanWithCamera(this.services.dialog));
        } catch {
            this.message = _t(
                "The camera cannot be used. Take a photo of the bar code instead, or type the VIN."
            );
            return;
        }
        if (text) {
            this.use([text]);
        }
    }

    async onPhoto(ev) {
        const [file] = ev.target.files;
        if (!file) {
            return;
        }
        this.message = _t("Reading the photo…");
        this.updateContent();
        let texts;
        try {
            texts = await this.waitFor(readPhoto(file));
        } catch {
            this.message = _t("This file cannot be read as a photo. Please type the VIN.");
            return;
        } finally {
            ev.target.value = ""; // the same photo can be chosen again
        }
        this.use(texts);
    }

    /** Look up the VIN that one of the texts holds. */
    use(texts) {
        const vin = texts.map(findVin).find(Boolean);
        if (vin) {
            this.input.value = vin;
            this.take(vin);
            this.message = _t("The VIN was read. It is being checked.");
            this.el.requestSubmit();
        } else if (texts.length) {
            this.message = _t("This bar code holds no VIN. Look for another one, or type the VIN.");
        } else {
            this.message = _t(
                "No bar code was found. Take the photo from nearer, in good light, or type the VIN."
            );
        }
    }
}

registry
    .category("public.interactions")
    .add("recall_service.lookup_form", RecallLookupForm);
