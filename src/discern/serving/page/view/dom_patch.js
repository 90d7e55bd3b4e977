// Elements that are drawn anew and yet stay the same: who reads there keeps the place, and what moves moves on.

/** Make an element hold `fresh` children, in those that it has, as far as their tags agree one by one. */
export function patch(place, fresh) {
  fresh.forEach((child, at) => {
    const old = place.childNodes[at];
    if (!old) place.append(child);
    else if (old.nodeName !== child.nodeName) old.replaceWith(child);
    else if (child.nodeType === Node.TEXT_NODE) write(old, child.data);
    else {
      dress(old, child);
      patch(old, [...child.childNodes]);
    }
  });
  while (place.childNodes.length > fresh.length) place.lastChild.remove();
}

/** What does not change is not touched: screen readers look again at what is. */
function write(text, data) {
  if (text.data !== data) text.data = data;
}

function dress(old, fresh) {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    // A policy that forbids styles in markup forbids them as attributes, too.
    if (name !== "style" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
  old.onclick = fresh.onclick;
}
