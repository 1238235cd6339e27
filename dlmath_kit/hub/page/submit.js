// The dialog before handing in, and the confirmation after it.

import { address, ask } from "./api.js";
import { button, el, fill, note } from "./dom.js";

const dialog = document.getElementById("dialog");

export async function openSubmit(unit, reload, tell) {
  tell();
  let facts;
  try {
    facts = await ask("GET", `/${unit.name}/submit`);
  } catch (error) {
    return tell("bad", error.message);
  }
  const send = button(facts.warnings.length ? "Submit all the same" : "Submit", () => submit(unit, send, reload), "main");
  fill(dialog,
    el("h2", { id: "dialog-title" }, `Submit ${unit.title}`),
    facts.due && el("p", { class: "soft" }, `Due ${facts.due}`),
    ...facts.warnings.map((warning) => note("warn", warning)),
    el("p", {}, "These notebooks are handed in as they were last saved:"),
    el("ul", { class: "plain" }, ...facts.notebooks.filter((n) => !n.missing).map((n) => el("li", {},
      el("b", {}, `${n.name}.ipynb`), el("span", { class: "soft" }, ` saved ${n.saved}`)))),
    facts.extra.length > 0 && el("p", { class: "soft" }, `Also handed in: ${brief(facts.extra)}.`),
    facts.left_out.length > 0 && note("warn", `Links are not handed in: ${brief(facts.left_out)}.`),
    facts.again && el("p", {}, `You handed in already on ${facts.again}. Handing in again is allowed: the last counts.`),
    el("div", { class: "buttons end" }, button("Cancel", () => dialog.close()), send));
  dialog.showModal();
}

function brief(names) {
  return names.length > 6 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
}

async function submit(unit, send, reload) {
  send.disabled = true;
  send.textContent = "Handing in…";
  try {
    confirm(unit, await ask("POST", `/${unit.name}/submit`));
  } catch (error) {
    dialog.querySelector(".failure")?.remove();
    const failure = note("bad", `Not handed in. ${error.message}`);
    failure.classList.add("failure");
    dialog.querySelector(".buttons").before(failure);
    send.disabled = false;
    send.textContent = "Try again";
  }
  await reload();
}

function confirm(unit, done) {
  fill(dialog,
    el("h2", { id: "dialog-title" }, "Handed in"),
    note("good", done.message),
    done.late && note("warn", `This is after the due date: ${done.due}.`),
    el("p", {}, done.count > 1
      ? `This is your submission number ${done.count}. The last one counts.`
      : "You may hand in again until your work is collected: the last one counts."),
    el("p", {}, "Files: ", done.files.join(", ")),
    el("p", { class: "soft" }, "SHA-256 of this submission: ", el("code", { class: "digest" }, done.sha256)),
    el("div", { class: "buttons end" },
      el("a", { class: "button", download: true,
        href: address(`/${unit.name}/receipt?at=${encodeURIComponent(done.stamp)}`) }, "Download the receipt"),
      button("Done", () => dialog.close(), "main")));
  dialog.querySelector("button").focus();
}
