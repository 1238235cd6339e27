// Validation: progress while the visible checks run, then the result of each exercise.

import { ask } from "./api.js";
import { button, el, fill, note } from "./dom.js";

const POLL_MS = 700;
const WORDS = {
  passed: ["✓", "passed", "good"], failed: ["✗", "failed", "bad"], error: ["✗", "error", "bad"],
  missing: ["✗", "missing", "bad"], todo: ["○", "to do", "soft"], written: ["✎", "answered", "info"],
  unchecked: ["–", "no check", "info"], unknown: ["?", "not checked", "warn"],
};

export async function validate(unit, place, tell) {
  tell();
  try {
    follow(unit, place, await ask("POST", `/${unit.name}/validate`));
  } catch (error) {
    tell("bad", error.message);
  }
}

export async function showChecks(unit, place) {
  try {
    const run = await ask("GET", `/${unit.name}/validate?no_track_activity=1`);
    if (run.state !== "none") follow(unit, place, run);
  } catch {
    // The list itself told what is wrong.
  }
}

async function follow(unit, place, run) {
  for (;;) {
    draw(unit, place, run);
    if (run.state !== "running") return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      run = await ask("GET", `/${unit.name}/validate`);
    } catch (error) {
      return fill(place, note("bad", error.message));
    }
  }
}

function draw(unit, place, run) {
  const running = run.state === "running";
  const all = run.notebooks.flatMap((n) => n.exercises);
  const checked = all.filter((e) => !e.written && e.state !== "unchecked");
  const passed = checked.filter((e) => e.state === "passed");
  fill(place,
    el("div", { class: "head" },
      el("h3", {}, running ? "Running the visible checks…" : "Visible checks"),
      running
        ? button("Stop", () => ask("DELETE", `/${unit.name}/validate`).catch(() => null))
        : button("Close", () => fill(place))),
    running && el("progress", { max: 1, value: run.progress, "aria-label": "Progress of the checks" }),
    run.message && note("warn", run.message),
    run.state === "done" && el("p", {}, el("b", {}, `${passed.length} of ${checked.length} passed`), ` at ${clock(run.begun)}.`,
      " These checks look at the saved notebooks and are a first test only: grading tests more."),
    ...run.notebooks.filter((n) => n.finished).map(notebook));
}

function clock(iso) {
  return new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function notebook(told) {
  return el("div", {},
    el("h4", {}, `${told.name}.ipynb`),
    told.problem && note("bad", told.problem),
    ...(told.notes ?? []).map((text) => note("warn", text)),
    el("ul", { class: "results" }, ...told.exercises.map(exercise)));
}

function exercise(result) {
  const [sign, word, kind] = WORDS[result.state];
  const silent = result.state === "passed" || result.state === "todo";
  return el("li", { class: kind },
    el("span", { class: "sign", "aria-hidden": "true" }, sign),
    el("div", {},
      el("b", {}, result.title || result.name), " ", el("span", { class: "word" }, word),
      result.title && el("div", { class: "soft" }, `cell ${result.name}`),
      !silent && el("p", {}, result.message)));
}
