// Feedback: fetched when it is new, shown in a frame that may do nothing.

import { address, ask } from "./api.js";
import { button, el, fill } from "./dom.js";

const dialog = document.getElementById("dialog");

export async function openFeedback(unit, reload, tell) {
  tell();
  try {
    if (unit.feedback.new) await ask("POST", `/${unit.name}/feedback`);
    const state = await ask("GET", "");
    show(state.units.find((u) => u.name === unit.name));
  } catch (error) {
    return tell("bad", error.message);
  }
  await reload();
}

function show(unit) {
  const frame = el("iframe", { sandbox: "", title: "Feedback" });
  const tabs = unit.feedback.pages.map((page) => button(page.score ? `${page.notebook} ${page.score}` : page.notebook, () => {
    const query = new URLSearchParams({ at: unit.feedback.stamp, notebook: page.notebook });
    frame.src = address(`/${unit.name}/page?${query}`);
    for (const tab of tabs) tab.setAttribute("aria-pressed", tab === tabs[unit.feedback.pages.indexOf(page)]);
  }));
  dialog.classList.add("wide");
  dialog.addEventListener("close", () => dialog.classList.remove("wide"), { once: true });
  fill(dialog,
    el("div", { class: "head" },
      el("h2", { id: "dialog-title" }, `Feedback: ${unit.title}`), button("Close", () => dialog.close())),
    el("p", { class: "soft" }, `On what you handed in on ${unit.feedback.when}.`
      + (unit.feedback.latest ? "" : " A later submission of yours has no feedback yet.")),
    el("div", { class: "buttons tabs" }, ...tabs),
    frame);
  dialog.showModal();
  tabs[0]?.click();
}
