// SPDX-License-Identifier: LGPL-3.0-only
/* global BarcodeDetector, ZXing */

/** The codes that vehicles bear. */
const FORMATS = ["code_39", "code_128", "data_matrix", "qr_code", "pdf417"];
/** Longer edges, in pixels, at which a photo is tried: small codes, then blurred ones. */
const EDGES = [2000, 1200, 700];
/** The longer edge at which a picture of the camera is tried. */
const VIDEO_EDGE = 1280;
/** Milliseconds between two looks at the camera's picture. */
const PAUSE = 100;

/**
 * Scan with the camera.
 *
 * @param {HTMLDialogElement} dialog holds a ``video`` and a ``button`` that closes it
 * @returns {Promise<string>} the text of a code; "" when the visitor closed the scanner
 * @throws {DOMException} when the camera cannot be used
 */
export async function scanWithCamera(dialog) {
    const stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment" },
    });
    const video = dialog.querySelector("video");
    try {
        video.srcObject = stream;
        dialog.querySelector("button").onclick = () => dialog.close();
        dialog.showModal();
        await video.play();
        return await watch(video, dialog);
    } finally {
        dialog.close();
        video.srcObject = null;
        stream.getTracks().forEach((track) => track.stop());
    }
}

async function watch(video, dialog) {
    const detector = await makeDetector();
    const reader = detector ? null : makeReader();
    while (dialog.open) {
        const [text] = detector
            ? await detect(detector, video)
            : readByLibrary(reader, video, video.videoWidth, video.videoHeight, [VIDEO_EDGE]);
        if (text) {
            return text;
        }
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
    return "";
}

/**
 * Read the codes of a photo, here in the browser.
 *
 * @param {File} file
 * @returns {Promise<string[]>} texts of the codes
 */
export async function readPhoto(file) {
    const image = await createImageBitmap(file);
    const detector = await makeDetector();
    const texts = detector ? await detect(detector, image) : [];
    return texts.length
        ? texts
        : readByLibrary(makeReader(), image, image.width, image.height, EDGES);
}

// === The browser's own detector, where there is one === //

async function makeDetector() {
    if (!("BarcodeDetector" in window)) {
        return null;
    }
    const known = await BarcodeDetector.getSupportedFormats();
    const formats = FORMATS.filter((format) => known.includes(format));
    return formats.length ? new BarcodeDetector({ formats }) : null;
}

async function detect(detector, picture) {
    const codes = await detector.detect(picture);
    return codes.map((code) => code.rawValue);
}

// === The library === //

function makeReader() {
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
    return reader;
}

function readByLibrary(reader, picture, width, height, edges) {
    for (const edge of edges) {
        const scale = Math.min(1, edge / Math.max(width, height));
        const canvas = draw(picture, Math.round(width * scale), Math.round(height * scale));
        const text = decode(reader, canvas);
        if (text) {
            return [text];
        }
    }
    return [];
}

function draw(picture, width, height) {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").drawImage(picture, 0, 0, width, height);
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
