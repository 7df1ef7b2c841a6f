// SPDX-License-Identifier: LGPL-3.0-only
/* global odoo */
import { loadBundle } from "./load_bundle";
import { cleanUp, findVin, isInVin, LENGTH } from "./vin_text";
import { readWords } from "./words";

/** Characters laid out one by one. */
const LAID_OUT = 24;
const SCANNER = "recall_service.assets_scanner";

async function loadScanner() {
    await loadBundle(SCANNER);
    return odoo.loader.modules.get("@recall_service/scanner/scanner");
}

/**
 * Helps with typing a VIN, or reads it from a bar code. The form works without it.
 */
class LookupForm {
    constructor(form) {
        this.form = form;
        this.say = readWords(form);
        this.input = this.find("#o_recall_vin");
        this.scanButton = this.find(".o_recall_scan_camera");
        this.photo = this.find(".o_recall_scan_photo input");
    }

    find(selector) {
        return this.form.querySelector(selector);
    }

    start() {
        this.find(".o_recall_scan").hidden = false;
        this.scanButton.hidden = !navigator.mediaDevices?.getUserMedia;
        this.input.addEventListener("input", () => {
            this.lay(this.input.value);
            this.tell(this.judge());
        });
        this.scanButton.addEventListener("click", () => this.scan());
        this.photo.addEventListener("change", () => this.readPhoto());
        this.lay(this.input.value);
    }

    tell(message) {
        this.find(".o_recall_message").textContent = message;
    }

    /** Show what is typed character by character, with their number. */
    lay(text) {
        this.text = cleanUp(text);
        const boxes = [...this.text].slice(0, LAID_OUT).map((character, index) => {
            const box = document.createElement("span");
            box.textContent = character;
            box.classList.toggle("o_recall_wrong", !isInVin(character) || index >= LENGTH);
            return box;
        });
        this.find(".o_recall_typed").replaceChildren(...boxes);
        this.find(".o_recall_count").textContent = this.say("count", {
            count: this.text.length,
        });
        this.find(".o_recall_live").hidden = !this.text;
    }

    /** What is to be said of the text while it is typed: as little as possible. */
    judge() {
        const wrong = [...this.text].find((character) => !isInVin(character));
        if (wrong && "IOQ".includes(wrong)) {
            return this.say("letter", { letter: wrong, digit: wrong === "I" ? "1" : "0" });
        }
        if (wrong) {
            return this.say("character", { character: wrong });
        }
        if (this.text.length > LENGTH) {
            return this.say("long");
        }
        return this.text.length === LENGTH ? this.say("whole") : "";
    }

    async scan() {
        this.tell("");
        this.scanButton.disabled = true;
        try {
            const { scanWithCamera } = await loadScanner();
            const text = await scanWithCamera(this.find(".o_recall_scanner"));
            if (text) {
                this.use([text]);
            }
        } catch {
            this.tell(this.say("no_camera"));
        } finally {
            this.scanButton.disabled = false;
        }
    }

    async readPhoto() {
        const [file] = this.photo.files;
        if (!file) {
            return;
        }
        this.tell(this.say("reading"));
        this.photo.disabled = true;
        try {
            const { readPhoto } = await loadScanner();
            this.use(await readPhoto(file));
        } catch {
            this.tell(this.say("no_photo"));
        } finally {
            this.photo.disabled = false;
            this.photo.value = ""; // the same photo can be chosen again
        }
    }

    /** Look up the VIN that one of the texts holds. */
    use(texts) {
        const vin = texts.map(findVin).find(Boolean);
        if (vin) {
            this.input.value = vin;
            this.lay(vin);
            this.tell(this.say("read"));
            this.form.requestSubmit();
        } else {
            this.tell(this.say(texts.length ? "no_vin" : "no_code"));
        }
    }
}

for (const form of document.querySelectorAll(".o_recall_form")) {
    new LookupForm(form).start();
}
