// The page's only way to answers.

const PATIENCE = 15_000;

/**
 * Find out who answers here: the server that gave this page, a remote one, or this browser itself.
 *
 * An answerer has `about()`, which gives the model's description, `answer(blob, {evidence})`, which gives a prediction,
 * and `examples`, pictures to try, as `{name, path}`. The first two reject with `{code, message, hint, retryAfter}`.
 */
export async function connect() {
  const config = await configure();
  const door = config.kind === "local" ? await import("./browser_api.js") : await import("./server_api.js");
  return Object.assign(await door.open(config), { examples: config.examples ?? [] });
}

async function configure() {
  try {
    const response = await fetch(new URL("../config.json", import.meta.url), { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) return await response.json();
  } catch {
    // Told below, as for any other failure.
  }
  throw { code: "unreachable", message: "The server cannot be reached.", hint: "I keep trying." };
}
