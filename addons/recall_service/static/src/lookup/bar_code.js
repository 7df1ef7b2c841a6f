// SPDX-License-Identifier: LGPL-3.0-only
/* global BarcodeDetector, ZXing */
import { loadJS } from "@web/core/assets";
import { BarcodeDialog } from "@web/core/barcode/barcode_dialog";

/** The codes that vehicles bear. */
const FORMATS = ["code_39", "code_128", "data_matrix", "qr_code", "pdf417"];
const LIBRARY = "/web/static/lib/zxing-library/zxing-library.js";
/** Longer edges, in pixels, at which a photo is tried: small codes, then blurred ones. */
const EDGES = [2000, 1200, 700];

/** Odoo's scanner, closed by a camera that cannot be used: the page offers other ways. */
class ScanDialog extends BarcodeDialog {
    // Closing alone means that the visitor gave it up: tell first what happened.
    onResult(result) {
        this.props.onResult(result);
        this.props.close();
    }

    onError(error) {
        this.props.onError(error);
        this.props.close();
    }
}

/**
 * Scan with the camera.
 *
 * @returns {Promise<string>} the text of a code; "" when the visitor closed the scanner
 */
export function scanWithCamera(dialog) {
    return new Promise((resolve, reject) => {
        dialog.add(
            ScanDialog,
            { facingMode: "environment", onResult: resolve, onError: reject },
            { onClose: () => resolve("") }
        );
    });
}

/**
 * Read the codes of a photo, here in the browser.
 *
 * @param {File} file
 * @returns {Promise<string[]>} texts of the codes
 */
export async function readPhoto(file) {
    const image = await createImageBitmap(file);
    const texts = await readByBrowser(image);
    return texts.length ? texts : readByLibrary(image);
}

async function readByBrowser(image) {
    if (!("BarcodeDetector" in window)) {
        return [];
    }
    const known = await BarcodeDetector.getSupportedFormats();
    const formats = FORMATS.filter((format) => known.includes(format));
    if (!formats.length) {
        return [];
    }
    const codes = await new BarcodeDetector({ formats }).detect(image);
    return codes.map((code) => code.rawValue);
}

async function readByLibrary(image) {
    await loadJS(LIBRARY);
    const { BarcodeFormat, DecodeHintType, MultiFormatReader } = ZXing;
    const { CODE_39, CODE_128, DATA_MATRIX, QR_CODE, PDF_417 } = BarcodeFormat;
    const reader = new MultiFormatReader();
    reader.setHints(
        new Map([
            [
                DecodeHintType.POSSIBLE_FORMATS,
                [CODE_39, CODE_128, DATA_MATRIX, QR_CODE, PDF_417],
            ],
            [DecodeHintType.TRY_HARDER, true],
        ])
    );
    for (const edge of EDGES) {
        const text = decode(reader, draw(image, edge));
        if (text) {
            return [text];
        }
    }
    return [];
}

function draw(image, edge) {
    const scale = Math.min(1, edge / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas;
}

function decode(reader, canvas) {
    const source = new ZXing.HTMLCanvasElementLuminanceSource(canvas);
    try {
        const bitmap = new ZXing.BinaryBitmap(new ZXing.HybridBinarizer(source));
        return reader.decodeWithState(bitmap).getText();
    } catch {
        return ""; // nothing found, or what was found is damaged
    }
}
