// Input of pictures: dropped, pasted, chosen, or taken with the camera app.

import { $ } from "../view/dom.js";

/** @typedef {"chosen" | "camera" | "pasted" | "dropped"} Origin */

/** Call `add` with whatever pictures arrive. @param {(files: File[], origin: Origin) => void} add */
export function listenForPictures(add) {
  $("choose").onclick = () => $("files").click();
  listenForFiles($("files"), (files) => add(files, "chosen"));
  listenForFiles($("capture-file"), (files) => add(files, "camera"));
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    add(files, "pasted");
  });
  listenForDrops(add);
}

/** @param {HTMLInputElement} input @param {(files: File[]) => void} add */
function listenForFiles(input, add) {
  input.onchange = () => {
    add([...(input.files ?? [])]);
    input.value = "";
  };
}

/** @param {(files: File[], origin: Origin) => void} add */
function listenForDrops(add) {
  let depth = 0;
  const showOverlay = (/** @type {boolean} */ on) => ($("drop-overlay").hidden = !on);
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    showOverlay(true);
  });
  addEventListener("dragleave", (event) => {
    if (hasFiles(event) && (depth -= 1) <= 0) showOverlay(false);
  });
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer || !hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", async (event) => {
    if (!event.dataTransfer || !hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    showOverlay(false);
    add(await filesOf(event.dataTransfer), "dropped");
  });
}

/** Return the files of a drop, including those in dropped folders. @param {DataTransfer} transfer */
async function filesOf(transfer) {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = await Promise.all(entries.map(walk));
  return found.flat().filter((file) => !file.name.startsWith("."));
}

/** @param {FileSystemEntry} entry @returns {Promise<File[]>} */
async function walk(entry) {
  if (entry.isFile) {
    const fileEntry = /** @type {FileSystemFileEntry} */ (entry);
    return new Promise((resolve) => fileEntry.file((file) => resolve([file]), () => resolve([])));
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const inside = [];
  for (;;) {
    // A reader returns a hundred at a time, and an empty list at the end.
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return (await Promise.all(inside.map(walk))).flat();
    inside.push(...some);
  }
}
