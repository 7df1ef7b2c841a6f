// SPDX-License-Identifier: LGPL-3.0-only

const loading = {};

/**
 * Load a bundle of scripts that few visitors need.
 *
 * @param {string} name of the bundle
 * @returns {Promise<void>} when its scripts have run
 * @throws {Error} when it cannot be loaded; the next call tries again
 */
export function loadBundle(name) {
    loading[name] ||= loadScripts(name).catch((error) => {
        delete loading[name];
        throw error;
    });
    return loading[name];
}

async function loadScripts(name) {
    const answer = await fetch(`/web/bundle/${name}`);
    if (!answer.ok) {
        throw new Error(`${name} cannot be loaded: ${answer.status}`);
    }
    for (const file of await answer.json()) {
        if (file.type === "script") {
            await loadScript(file.src);
        }
    }
}

function loadScript(src) {
    return new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = src;
        script.onload = resolve;
        script.onerror = () => {
            script.remove();
            reject(new Error(`${src} cannot be loaded`));
        };
        document.head.append(script);
    });
}
