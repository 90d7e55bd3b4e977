// Error of a file that cannot be used as a picture.

export const RETRIEVE = "Copy or download the file again, or leave it out.";
export const MAKE_SMALLER = "Save the picture with fewer pixels.";

/** Error that states why a file cannot be used as a picture, with one of the API's codes and a remedy. */
export class PictureError extends Error {
  /** @param {string} code @param {string} message @param {string} hint */
  constructor(code, message, hint) {
    super(message);
    this.name = "PictureError";
    this.code = code;
    this.hint = hint;
  }
}
