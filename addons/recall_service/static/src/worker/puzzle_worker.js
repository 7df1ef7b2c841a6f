// SPDX-License-Identifier: LGPL-3.0-only
// Solves a puzzle of ALTCHA (version 1): which number, hashed with the salt, gives the
// challenge. It runs beside the page, which stays usable, and asks no other host.

const CHUNK = 500;

function readHex(text) {
    return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

async function solve({ algorithm, challenge, salt, maxNumber }) {
    const wanted = readHex(challenge);
    const encoder = new TextEncoder();
    const attempt = async (number) => {
        const data = encoder.encode(salt + number);
        const found = new Uint8Array(await crypto.subtle.digest(algorithm, data));
        return found.every((byte, index) => byte === wanted[index]);
    };
    for (let first = 0; first <= maxNumber; first += CHUNK) {
        const numbers = Array.from({ length: CHUNK }, (_, index) => first + index);
        const index = (await Promise.all(numbers.map(attempt))).indexOf(true);
        if (index >= 0) {
            return first + index;
        }
    }
    throw new Error("no solution");
}

self.onmessage = async ({ data }) => {
    try {
        self.postMessage({ number: await solve(data) });
    } catch {
        self.postMessage({ failed: true });
    }
};
