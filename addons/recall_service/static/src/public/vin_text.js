// SPDX-License-Identifier: LGPL-3.0-only
/** What can be told of a typed or scanned text before the server judges it. */

export const LENGTH = 17;
const CAPITALS_AND_DIGITS = /[0-9A-Z]+/g;
const IN_A_VIN = /^[0-9A-HJ-NPR-Z]$/;
/** A data identifier ("I") or a word ("VIN") may stand before it without a gap. */
const PREFIX = 3;

function plain(text) {
    return text.normalize("NFKC").toUpperCase();
}

export function cleanUp(text) {
    return plain(text).replace(/[\s\u200b\ufeff‐-―_-]+/g, "");
}

export function isInVin(character) {
    return IN_A_VIN.test(character);
}

function mayBeVin(text) {
    return text.length === LENGTH && [...text].every(isInVin);
}

/** The one VIN that a scanned text seems to hold, else "". */
export function findVin(text) {
    const typed = cleanUp(text);
    if (mayBeVin(typed)) {
        return typed;
    }
    const runs = plain(text).match(CAPITALS_AND_DIGITS) || [];
    const held = runs
        .filter((run) => run.length >= LENGTH && run.length <= LENGTH + PREFIX)
        .map((run) => run.slice(-LENGTH))
        .filter(mayBeVin);
    const vins = [...new Set(held)];
    return vins.length === 1 ? vins[0] : "";
}
