// Elements from data. Text is always set as text: nothing that a server or a notebook says becomes markup.

export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (key === "class") node.className = value;
    else if (key === "on") for (const [event, call] of Object.entries(value)) node.addEventListener(event, call);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function button(text, call, kind = "") {
  return el("button", { type: "button", class: kind, on: { click: call } }, text);
}

export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter(Boolean));
}

export function note(kind, ...children) {
  return el("div", { class: `note ${kind}` }, ...children);
}
