// Errors with a code and a remedy, as in the `error` object of the server's JSON.

/** Error that the page shows to people. */
export class ApiError extends Error {
  /**
   * @param {string} code one of the API's error codes, or one of the page's own.
   * @param {string} message what is wrong.
   * @param {string} [hint] the remedy.
   * @param {object} [options]
   * @param {number} [options.retryAfter] seconds to wait before the next try.
   * @param {boolean} [options.busy] true where the server is only overloaded.
   */
  constructor(code, message, hint = "", { retryAfter, busy = false } = {}) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.hint = hint;
    this.retryAfter = retryAfter;
    this.busy = busy;
  }
}

/** Wrap anything that was thrown, unless it is an ApiError already. @param {unknown} error @param {string} hint */
export function asApiError(error, hint) {
  if (error instanceof ApiError) return error;
  return new ApiError("unforeseen", error instanceof Error ? error.message : String(error), hint);
}

/** Make the error of a request that the user has cancelled. */
export const cancelled = () => new ApiError("cancelled", "Cancelled.");

/** Make the error of a server that does not answer. */
export const unreachable = (message = "The server cannot be reached.") =>
  new ApiError("unreachable", message, "I’ll keep trying.");
