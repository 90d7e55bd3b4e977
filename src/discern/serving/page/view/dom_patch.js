// Updates elements in place: screen readers and the keyboard keep their position, and animations go on.

/**
 * Make an element have the `fresh` children, reusing those that it has as far as their tags agree.
 *
 * @param {Element} parent
 * @param {Node[]} fresh
 */
export function patch(parent, fresh) {
  fresh.forEach((child, index) => {
    const old = parent.childNodes[index];
    if (!old) parent.append(child);
    else if (old.nodeName !== child.nodeName) parent.replaceChild(child, old);
    else if (old instanceof Text && child instanceof Text) updateText(old, child.data);
    else if (old instanceof Element && child instanceof Element) {
      updateAttributes(old, child);
      patch(old, [...child.childNodes]);
    }
  });
  while (parent.childNodes.length > fresh.length) parent.lastChild?.remove();
}

/** Leave equal text alone: screen readers announce what is written again. @param {Text} text @param {string} data */
function updateText(text, data) {
  if (text.data !== data) text.data = data;
}

/** @param {Element} old @param {Element} fresh */
function updateAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    // A policy that forbids styles in markup forbids them as attributes, too.
    if (name !== "style" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (!(old instanceof HTMLElement && fresh instanceof HTMLElement)) return;
  if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
  old.onclick = fresh.onclick;
}
