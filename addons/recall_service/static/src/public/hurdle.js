// SPDX-License-Identifier: LGPL-3.0-only

const WORKER = "/recall_service/static/src/worker/puzzle_worker.js";

/** Solves the puzzle of the page and goes on; where it cannot, waiting remains. */
function passHurdle(form) {
    if (!window.Worker || !window.isSecureContext) {
        return;
    }
    const { algorithm, challenge, salt, signature, ...limits } = JSON.parse(
        form.dataset.challenge
    );
    const worker = new Worker(WORKER);
    const showCalculating = (calculating) => {
        form.querySelector(".o_recall_wait").hidden = calculating;
        form.querySelector(".o_recall_calculating").hidden = !calculating;
    };
    worker.onerror = () => showCalculating(false);
    worker.onmessage = ({ data: { number } }) => {
        if (number === undefined) {
            showCalculating(false);
            return;
        }
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = "altcha";
        field.value = btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
        form.append(field);
        form.requestSubmit();
    };
    showCalculating(true);
    worker.postMessage({ algorithm, challenge, salt, ...limits });
}

for (const form of document.querySelectorAll(".o_recall_pass")) {
    passHurdle(form);
}
