// The page's only access to predictions: from the server that serves it, a remote server, or this browser itself.

import { unreachable } from "./api_error.js";

/** @import { Api, Config, Example } from "./types.js" */

const TIMEOUT = 15_000;

/**
 * Open the API that `config.json` names, with the example pictures.
 *
 * Its calls reject with an `ApiError`.
 *
 * @returns {Promise<Api & { examples: Example[] }>}
 */
export async function connect() {
  const config = await readConfig();
  const api = config.kind === "local"
    ? await (await import("./browser_api.js")).openBrowserApi(config)
    : (await import("./server_api.js")).openServerApi(config);
  return Object.assign(api, { examples: config.examples ?? [] });
}

/** @returns {Promise<Config>} */
async function readConfig() {
  const url = new URL("../config.json", import.meta.url);
  try {
    const response = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout(TIMEOUT) });
    if (response.ok) return await response.json();
  } catch {
    // Reported below, as any other failure.
  }
  throw unreachable();
}
