// The trainers' keyboard on the inbox. What a key presses is found by `data-studio`: "1" … "9", "accept", "skip" …
(() => {
  "use strict";
  const KEYS = {
    Enter: "accept", b: "batch", s: "skip", m: "ambiguous", o: "second", u: "undo", e: "edit", "/": "search", "?": "help",
  };
  const visible = (element) => element.getClientRects().length > 0;
  const typing = (element) => element.closest?.("input, textarea, select, [contenteditable=true]");
  const asked = () => [...document.querySelectorAll(".q-dialog, .q-menu, dialog[open]")].some(visible);
  const target = (name) => [...document.querySelectorAll(`[data-studio="${name}"]`)].find(visible);

  function press(name) {
    if (name === "edit") document.querySelector(".inbox-edit")?.classList.add("fields-open");
    const found = target(name);
    if (!found) return;
    const field = found.matches("input, textarea") ? found : found.querySelector("input, textarea");
    if (name === "help") found.open = !found.open, found.scrollIntoView({ block: "nearest" });
    else if (field) field.focus(), field.select?.();
    else found.click();
  }

  function inField(event) {
    const search = event.target.closest('[data-studio="search"]'), text = event.target.closest('[data-studio="edit"]');
    if (event.key === "Escape") event.target.blur();
    else if (event.key === "Enter" && search) event.target.blur();
    else if (event.key === "Enter" && text && !event.shiftKey) event.target.blur(), setTimeout(() => press("accept"), 60);
    else return false;
    return true;
  }

  // Before the console's own keys (keys.js), which mean other things on other pages.
  document.addEventListener("keydown", (event) => {
    if (!document.querySelector("[data-studio-page]") || asked()) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (typing(event.target)) {
      if (!inField(event)) return;
    } else if (event.repeat || (event.key === "Enter" && event.target.closest?.("a, summary, .inbox-filter"))) return;
    else if (/^[1-9]$/.test(event.key)) press(event.key);
    else if (KEYS[event.key]) press(KEYS[event.key]);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
})();
