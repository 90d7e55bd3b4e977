// The ways in which pictures arrive: dropped, pasted, chosen.

import { $ } from "../view/dom.js";

/** Call `take(files, how)` with what arrives, in whatever way. */
export function receive(take) {
  $("choose").onclick = () => $("files").click();
  for (const id of ["files", "snap"]) {
    $(id).onchange = () => {
      take([...$(id).files], id === "snap" ? "camera" : "chosen");
      $(id).value = "";
    };
  }
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files, "pasted");
  });
  receiveDrops(take);
}

function receiveDrops(take) {
  let depth = 0;
  const cover = (on) => ($("cover").hidden = !on);
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    depth += 1;
    cover(true);
  });
  addEventListener("dragleave", (event) => {
    if (carries(event) && (depth -= 1) <= 0) cover(false);
  });
  addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", async (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    cover(false);
    take(await filesOf(event.dataTransfer), "dropped");
  });
}

/** The files of a drop, also those in dropped folders. */
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = await Promise.all(entries.map(walk));
  return found.flat().filter((file) => !file.name.startsWith("."));
}

async function walk(entry) {
  if (entry.isFile) return new Promise((resolve) => entry.file((file) => resolve([file]), () => resolve([])));
  const reader = entry.createReader();
  const inside = [];
  for (;;) {
    // A reader gives a hundred at a time, and an empty list at the end.
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return (await Promise.all(inside.map(walk))).flat();
    inside.push(...some);
  }
}
