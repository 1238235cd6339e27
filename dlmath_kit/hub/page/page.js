// The list of units.

import { address, ask, base } from "./api.js";
import { showChecks, validate } from "./checks.js";
import { button, el, fill, note } from "./dom.js";
import { openFeedback } from "./feedback.js";
import { calm, checkIdle, isWarning, setTitle, showStopped } from "./idle.js";
import { openSubmit } from "./submit.js";

const REFRESH_MS = 60_000;
const LABELS = {
  new: "New", fetched: "Fetched", overdue: "Overdue", submitted: "Handed in", late: "Handed in late", feedback: "Feedback",
};
const units = document.getElementById("units");
let limits = { idle: 0, warn: 0 };
let loaded = 0;

async function load() {
  loaded = Date.now();
  try {
    show(await ask("GET", ""));
    calm();
    if (document.getElementById("notice").dataset.from === "load") tell();
  } catch (error) {
    tell("bad", error.message, "load");
    if (units.getAttribute("aria-busy")) fill(units, button("Try again", () => load()));
  }
  units.removeAttribute("aria-busy");
}

function show(state) {
  setTitle(`${state.course}: units`);
  showStopped(state.stopped);
  limits = { idle: state.idle_minutes, warn: state.warn_minutes };
  document.getElementById("course").textContent = state.course;
  document.getElementById("who").textContent = `${state.student} · ${state.now}`;
  document.getElementById("culling").textContent = state.idle_minutes
    ? `Your server stops after ${state.idle_minutes} minutes without use. Saved work stays; variables do not.` : "";
  if (!state.units.length) return fill(units, el("p", {}, "Nothing is released yet. Come back later."));
  const kept = new Map([...units.querySelectorAll("section")].map((s) => [s.id, s.querySelector(".checks")]));
  fill(units, ...state.units.map((unit) => card(unit, kept.get(unit.name))));
}

function card(unit, checks) {
  const section = el("section", { id: unit.name, class: unit.status },
    el("div", { class: "head" },
      el("h2", {}, unit.title),
      el("span", { class: `badge ${unit.status}` }, LABELS[unit.status])),
    unit.due && el("p", { class: unit.overdue && !unit.submissions.length ? "due over" : "due" }, `Due ${unit.due}`),
    el("p", { class: "soft" }, `${unit.status_words}.`),
    unit.problem && note("bad", unit.problem),
    score(unit),
    unit.fetched && el("ul", { class: "notebooks" }, ...unit.notebooks.map((n) => notebook(unit, n))),
    el("div", { class: "buttons" }, ...buttons(unit)),
    unit.submissions.length > 0 && history(unit));
  const place = checks ?? el("div", { class: "checks", "aria-live": "polite" });
  section.append(place);
  if (!checks && unit.fetched) showChecks(unit, place);
  return section;
}

function score(unit) {
  if (!unit.feedback?.score) return null;
  const [earned, possible] = unit.feedback.score.split(" / ").map(Number);
  const which = unit.feedback.latest ? "" : ` for what you handed in on ${unit.feedback.when}`;
  return el("p", { class: "score" },
    el("strong", {}, String(earned)), ` of ${possible} points${which}`,
    el("meter", { min: 0, max: possible || 1, value: Math.max(earned, 0), "aria-hidden": "true" }));
}

function notebook(unit, entry) {
  const name = `${entry.name}.ipynb`;
  if (entry.missing) {
    return el("li", { class: "missing" },
      el("span", { class: "name" }, el("b", {}, name), el("span", { class: "soft" }, "missing from your folder")),
      button("Restore", () => act(unit, "fetch", { restore: true })));
  }
  return el("li", {},
    el("span", { class: "name" }, el("b", {}, entry.title || name),
      el("span", { class: "soft" }, `${name} · ${entry.untouched ? "not begun" : `saved ${entry.saved}`}`)),
    el("a", { class: "button", href: base + entry.url }, "Open"));
}

function buttons(unit) {
  if (!unit.fetched) return [button("Fetch", () => act(unit, "fetch"), "main"), ...feedbackButton(unit)];
  return [
    button("Validate", (event) => validate(unit, event.target.closest("section").querySelector(".checks"), tell)),
    button(unit.submissions.length ? "Submit again" : "Submit", () => openSubmit(unit, load, tell),
      unit.feedback ? "" : "main"),
    ...feedbackButton(unit),
  ];
}

function feedbackButton(unit) {
  if (!unit.feedback) return [];
  return [button(unit.feedback.new ? "Feedback (new)" : "Feedback", () => openFeedback(unit, load, tell), "main")];
}

function history(unit) {
  const count = unit.submissions.length;
  return el("details", {},
    el("summary", {}, count === 1 ? "Your submission" : `Your ${count} submissions: the last counts`),
    el("ul", {}, ...unit.submissions.map((one) => el("li", {}, `${one.when}${one.late ? " (late)" : ""} `,
      el("a", { href: address(`/${unit.name}/receipt?at=${encodeURIComponent(one.stamp)}`), download: true }, "receipt")))));
}

async function act(unit, action, body) {
  try {
    const answer = await ask("POST", `/${unit.name}/${action}`, body);
    tell("good", answer.message);
  } catch (error) {
    tell("bad", error.message);
  }
  await load();
}

export function tell(kind, message, from = "") {
  const place = document.getElementById("notice");
  place.dataset.from = from;
  fill(place, message && note(kind, el("span", {}, message), el("button",
    { type: "button", class: "close", "aria-label": "Close this message", on: { click: () => tell() } }, "×")));
  if (message) place.scrollIntoView({ block: "nearest" });
}

// A page that is merely open is no use of the server: only somebody who is there keeps it alive.
function refresh() {
  const old = Date.now() - loaded >= REFRESH_MS;
  if (old && !document.hidden && !document.getElementById("dialog").open) load();
}

// A warning stays until it is answered: it must not vanish under a pointer that is on its way to its button.
for (const sign of ["pointermove", "keydown"]) document.addEventListener(sign, () => isWarning() || refresh());
document.addEventListener("visibilitychange", refresh);

setInterval(async () => {
  if (!limits.idle) return refresh();
  const there = await checkIdle(limits.idle, limits.warn, load);
  if (!there) calm();
  if (!there && document.getElementById("notice").dataset.from !== "load") {
    tell("bad", "Your server is not running, or you were logged out. Reload this page.", "load");
  }
}, REFRESH_MS);
load();
