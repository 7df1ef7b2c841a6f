// SPDX-License-Identifier: LGPL-3.0-only
import { registry } from "@web/core/registry";

// In the scope of the test's plan, and open. See tests/test_page_tour.py.
const OPEN = "LTZAA11B4SA900001";
/** Codes that vehicles bear, as the test has drawn them. */
const CODES = ["code_128", "code_39_with_identifier", "data_matrix", "qr_with_address"];

async function takePhoto(name) {
    const image = new Image();
    image.src = `/recall_test_codes/${name}.svg`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth + 80;
    canvas.height = image.naturalHeight + 80;
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 40, 40);
    return new Promise((resolve) => canvas.toBlob(resolve));
}

async function givePhoto(blob) {
    const files = new DataTransfer();
    files.items.add(new File([blob], "photo.png", { type: "image/png" }));
    const input = document.querySelector(".o_recall_scan_photo input");
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Let the camera show a code. */
async function holdBeforeCamera(blob) {
    const image = await createImageBitmap(blob);
    const canvas = document.createElement("canvas");
    canvas.width = 1280;
    canvas.height = 720;
    const context = canvas.getContext("2d");
    const draw = () => {
        context.fillStyle = "#fff";
        context.fillRect(0, 0, canvas.width, canvas.height);
        context.drawImage(image, (canvas.width - image.width) / 2, 210);
    };
    draw();
    setInterval(draw, 50);
    navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(20);
}

const found = {
    content: "The answer of the vehicle is there",
    trigger: `.o_recall_case_open .o_recall_checked:contains(${OPEN})`,
};

for (const name of CODES) {
    registry.category("web_tour.tours").add(`recall_lookup_photo_${name}`, {
        steps: () => [
            {
                content: "Give a photo of the code",
                trigger: ".o_recall_scan:not([hidden]) .o_recall_scan_photo",
                run: async () => givePhoto(await takePhoto(name)),
                expectUnloadPage: true, // it is read and looked up
            },
            found,
        ],
    });
}

registry.category("web_tour.tours").add("recall_lookup_useless_photos", {
    steps: () => [
        {
            content: "Give a photo of another code",
            trigger: ".o_recall_scan:not([hidden]) .o_recall_scan_photo",
            run: async () => givePhoto(await takePhoto("no_vin")),
        },
        {
            content: "It is told that it holds no VIN",
            trigger: ".o_recall_message:contains(holds no VIN)",
            run: async () => givePhoto(new Blob(["no picture"])),
        },
        {
            content: "It is told that this is no photo",
            trigger: ".o_recall_message:contains(cannot be read)",
            run: async () => {
                const canvas = new OffscreenCanvas(300, 200);
                canvas.getContext("2d").fillRect(10, 10, 50, 50);
                return givePhoto(await canvas.convertToBlob());
            },
        },
        {
            content: "It is told that no code is to be seen",
            trigger: ".o_recall_message:contains(No bar code was found)",
        },
        {
            content: "Typing is still possible",
            trigger: "#o_recall_vin",
            run: `edit ${OPEN}`,
        },
        { trigger: ".o_recall_button", run: "click", expectUnloadPage: true },
        found,
    ],
});

registry.category("web_tour.tours").add("recall_lookup_camera", {
    steps: () => [
        {
            content: "No camera is there",
            trigger: ".o_recall_scan_camera:not([hidden])",
            run: () => {
                navigator.mediaDevices.getUserMedia = async () => {
                    throw new DOMException("none", "NotFoundError");
                };
            },
        },
        { trigger: ".o_recall_scan_camera", run: "click" },
        {
            content: "The other ways are told",
            trigger:
                "body:not(:has(.o_dialog)) .o_recall_message:contains(The camera cannot be used)",
            run: async () => holdBeforeCamera(await takePhoto("code_128")),
        },
        {
            content: "Now there is one",
            trigger: ".o_recall_scan_camera",
            run: "click",
            expectUnloadPage: true, // it is read and looked up
        },
        found,
    ],
});

registry.category("web_tour.tours").add("recall_lookup_typing", {
    steps: () => [
        {
            content: "Type a letter that is in no VIN",
            trigger: "#o_recall_vin",
            run: "edit ltz aa11bo",
        },
        {
            content: "It is told, marked and counted",
            trigger: ".o_recall_message:contains(The letter O is in no VIN)",
        },
        { trigger: ".o_recall_typed span:nth-child(9).o_recall_wrong:contains(O)" },
        { trigger: ".o_recall_count:contains(9 of 17)" },
        { trigger: "#o_recall_vin", run: `edit ${OPEN}` },
        { trigger: ".o_recall_message:contains(All 17 characters are there)" },
        {
            content: "No character is marked",
            trigger: ".o_recall_typed:not(:has(.o_recall_wrong))",
        },
        {
            content: "Check it",
            trigger: ".o_recall_button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The answer has the focus",
            trigger: ".o_recall_case_open",
            run: () => {
                const focused = document.activeElement;
                if (!focused.matches(".o_recall_answer")) {
                    throw new Error(`The focus is on ${focused.outerHTML.slice(0, 80)}`);
                }
            },
        },
        {
            content: "Make a link for others",
            trigger: ".o_recall_keep form button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It has the focus, and can be copied",
            trigger: ".o_recall_link:has(.o_recall_copy:not([hidden]))",
            run: () => {
                if (!document.activeElement.matches(".o_recall_link")) {
                    throw new Error("The link has not the focus");
                }
            },
        },
        { trigger: ".o_recall_copy", run: "click" },
        {
            content: "What happened is told",
            trigger: ".o_recall_copied:contains(/Copied|selected/)",
        },
    ],
});

registry.category("web_tour.tours").add("recall_lookup_hurdle", {
    steps: () => [
        { trigger: "#o_recall_vin", run: `edit ${OPEN}` },
        { trigger: ".o_recall_button", run: "click", expectUnloadPage: true },
        {
            content: "The browser calculates and goes on by itself",
            trigger: ".o_recall_pass",
            run: () => {},
            expectUnloadPage: true,
        },
        found,
    ],
});
