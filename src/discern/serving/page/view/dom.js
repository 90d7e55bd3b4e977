// Elements without markup in strings: what a picture or a label is called can never become code.

export const $ = (id) => document.getElementById(id);

/** Make an element. `props` are properties; `class`, `data-*`, `aria-*` and others with a dash are attributes. */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") made.className = value;
    else if (name.includes("-") || name === "role" || name === "scope") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const SHAPES = {
  accept: ["M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19z", "M7.6 12.4l3 3 5.8-6.3"],
  review: ["M12 3.2L2.6 20h18.8z", "M12 9.6v4.6", "M12 17v.2"],
  unknown: ["M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19z", "M9.3 9.4a2.8 2.8 0 1 1 4 2.6c-.9.4-1.3 1-1.3 2", "M12 16.8v.2"],
  failed: ["M5 5l14 14", "M19 5L5 19"],
  waiting: ["M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19z", "M12 7v5.4l3.4 2"],
};

/** The drawing that stands for a decision or a state; it is always beside the words. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" })) svg.setAttribute(key, value);
  for (const shape of SHAPES[name] ?? SHAPES.waiting) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}

/** What was chosen before, if the browser keeps such things. */
export function recall(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`discern.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Keep what was chosen; `undefined` forgets it. */
export function remember(name, value) {
  try {
    if (value === undefined) localStorage.removeItem(`discern.${name}`);
    else localStorage.setItem(`discern.${name}`, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing only forgets a setting.
  }
}
