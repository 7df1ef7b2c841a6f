// SPDX-License-Identifier: LGPL-3.0-only
import { readWords } from "./words";

/** Print an answer, or copy the link that was made of it. */
function helpToKeep(section) {
    const print = section.querySelector(".o_recall_print");
    print.hidden = false;
    print.addEventListener("click", () => window.print());
    const link = section.querySelector("#o_recall_link");
    if (!link) {
        return;
    }
    link.addEventListener("focus", () => link.select());
    const copy = section.querySelector(".o_recall_copy");
    copy.hidden = !navigator.clipboard;
    const say = readWords(section);
    copy.addEventListener("click", async () => {
        const copied = section.querySelector(".o_recall_copied");
        try {
            await navigator.clipboard.writeText(link.value);
            copied.textContent = say("copied");
        } catch {
            link.focus();
            copied.textContent = say("selected");
        }
    });
}

for (const section of document.querySelectorAll(".o_recall_keep")) {
    helpToKeep(section);
}
