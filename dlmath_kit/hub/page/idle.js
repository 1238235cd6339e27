// What the page says about servers that nobody uses: the last one, which was stopped, and this one, before it is.

import { secondsIdle } from "./api.js";
import { button, el, fill, note } from "./dom.js";

const KEY = "dlmath-stop-read";
const place = document.getElementById("idle");
let title = document.title;

export function showStopped(stopped) {
  const where = document.getElementById("stopped");
  if (!stopped.words || stopped.id === recall()) return fill(where);
  const close = el("button", { type: "button", class: "close", "aria-label": "Close this message",
    on: { click: () => { fill(where); remember(stopped.id); } } }, "×");
  fill(where, note("warn", el("span", {}, stopped.words), close));
}

// A browser may forbid storage; then the message comes again after a reload.
function recall() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

function remember(id) {
  try { localStorage.setItem(KEY, id); } catch { /* see above */ }
}

export function setTitle(text) {
  title = text;
  if (!isWarning()) document.title = text;
}

// Returns false when the server gives no answer of the expected kind: it is gone, or the login is.
export async function checkIdle(idleMinutes, warnMinutes, stay) {
  const idle = await secondsIdle();
  if (idle === null) return false;
  const left = 60 * idleMinutes - idle;
  if (left > 60 * warnMinutes) calm();
  else warn(left, stay);
  return true;
}

export function calm() {
  fill(place);
  document.title = title;
}

export function isWarning() {
  return place.hasChildNodes();
}

function warn(left, stay) {
  const words = `Your server stops ${inWords(left)} unless you use it.`;
  document.title = words;  // what is seen of a tab in the background
  if (place.querySelector("span")?.textContent === words) return;  // nothing is read aloud twice
  fill(place, note("warn", el("span", {}, words), button("Stay", stay)));
}

function inWords(seconds) {
  if (seconds < 60) return "within a minute";
  const minutes = Math.floor(seconds / 60);
  return `in ${minutes} minute${minutes === 1 ? "" : "s"}`;
}
