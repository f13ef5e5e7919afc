// What only the browser can do: clocks that tick, buttons that cannot be hit by mistake when the page moves, chats that
// stay at their end, words that outlast a reload, and lists that a phone shows one at a time. Alarms and the connection:
// vigil.js; keys: keys.js.
(() => {
  "use strict";
  const now = () => Date.now() + (window.fujinOffset || 0);
  const two = (number) => String(number).padStart(2, "0");

  function ago(since) {
    const seconds = Math.max(0, Math.floor((now() - since) / 1000));
    if (seconds < 10) return "刚刚";
    if (seconds < 60) return `${seconds}秒前`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)}分钟前`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)}小时前`;
    return `${Math.floor(seconds / 86400)}天前`;
  }

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  const secondsLeft = (due) => Math.max(0, Math.ceil((Number(due) - now()) / 1000));

  function tick() {
    for (const element of document.querySelectorAll("[data-ago]")) write(element, ago(Number(element.dataset.ago)));
    for (const element of document.querySelectorAll("[data-due]")) {
      const left = secondsLeft(element.dataset.due);
      write(element, `${two(Math.floor(left / 60))}:${two(left % 60)}`);
    }
    for (const element of document.querySelectorAll("[data-silence]")) {
      const left = secondsLeft(element.dataset.silence);
      const rest = left < 120 ? `${left}秒` : `${Math.ceil(left / 60)}分钟`;
      write(element, `还有${rest}无处置将重新提醒`);
      element.toggleAttribute("data-soon", left < 120);
    }
  }

  // --- a button or link that has just moved or appeared under the finger takes no press -------------------------------------
  const places = new WeakMap();
  const SETTLE_MS = 350;
  function guard() {
    const time = performance.now();
    for (const button of document.querySelectorAll("[data-guarded]")) {
      const box = button.getBoundingClientRect();
      const at = `${Math.round(box.left + scrollX)},${Math.round(box.top + scrollY)},${Math.round(box.width)}`;
      const known = places.get(button);
      if (!known || known.at !== at) places.set(button, { at, since: time });
      button.toggleAttribute("data-settling", time - places.get(button).since < SETTLE_MS);
    }
  }

  // At once, before the change is seen: the round below would leave a tenth of a second.
  new MutationObserver(guard).observe(document.body, { childList: true, characterData: true, subtree: true });

  // --- taking a case from a list: the button is HTML, whose press the page tells --------------------------------------
  const PRESSED_MS = 1000;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-acknowledge]");
    if (!button) return;
    button.disabled = true;
    setTimeout(() => { button.disabled = false; }, PRESSED_MS);
    emitEvent("fujin-acknowledge", { case: Number(button.dataset.acknowledge) });
  });

  // --- chats stay at their end unless somebody reads further up ---------------------------------------------------
  function stick() {
    for (const list of document.querySelectorAll("[data-stick]")) {
      const count = list.childElementCount;
      const last = list.lastElementChild;
      if (list.fujinLast !== last || list.fujinCount !== count) {
        list.fujinLast = last;
        list.fujinCount = count;
        list.fujinFollow = 10;
      }
      if (list.fujinFollow > 0) {
        list.fujinFollow -= 1;
        list.scrollTop = list.scrollHeight; // several times: pictures grow when they have loaded
      }
    }
  }

  // --- what is typed outlasts a page that is loaded again, in this window, until it is sent ---------------------------
  const known = new WeakSet();
  function keepDrafts() {
    if (!window.did_handshake) return; // before that nobody would hear what is put back
    for (const element of document.querySelectorAll("[data-draft]")) {
      const field = element.matches("textarea") ? element : element.querySelector("textarea");
      const name = `fujin-draft ${element.dataset.draft}`;
      if (!field) continue;
      if (!known.has(field)) {
        known.add(field);
        const draft = sessionStorage.getItem(name);
        if (draft && !field.value) {
          field.value = draft;
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }
      } else if (field.value) sessionStorage.setItem(name, field.value);
      else sessionStorage.removeItem(name);
    }
  }

  // --- lists of which a phone shows one at a time -------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const tab = event.target.closest?.("[data-tab]");
    if (tab) {
      sessionStorage.setItem("fujin-tab", tab.dataset.tab);
      select();
    }
  });

  function select() {
    const tabs = [...document.querySelectorAll("[data-tab]")].filter((tab) => !tab.classList.contains("hidden"));
    if (!tabs.length) return;
    const wanted = sessionStorage.getItem("fujin-tab");
    const chosen = (tabs.find((tab) => tab.dataset.tab === wanted) || tabs[0]).dataset.tab;
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.tab === chosen));
    for (const section of document.querySelectorAll("[data-section]")) {
      section.toggleAttribute("data-unselected", section.dataset.section !== chosen);
    }
  }

  // --- a picture fills the window: press it for its full size, turn it, Esc or a press beside it closes --------------
  function view(address) {
    const viewer = document.createElement("dialog");
    viewer.className = "viewer";
    viewer.setAttribute("aria-label", "图片");
    const stage = viewer.appendChild(document.createElement("div"));
    stage.className = "viewer-stage";
    const picture = stage.appendChild(document.createElement("img"));
    picture.className = "viewer-picture";
    picture.alt = "放大的图片";
    picture.src = address;
    let turns = 0;
    const turn = () => {
      turns = (turns + 1) % 4;
      picture.style.transform = `rotate(${turns * 90}deg)`;
      picture.classList.toggle("turned", turns % 2 === 1);
    };
    const tools = viewer.appendChild(document.createElement("div"));
    tools.className = "viewer-tools";
    for (const [name, press] of [["旋转", turn], ["关闭", () => viewer.close()]]) {
      const button = tools.appendChild(document.createElement("button"));
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", press);
    }
    picture.addEventListener("click", () => picture.classList.toggle("large"));
    stage.addEventListener("click", (event) => { if (event.target === stage) viewer.close(); });
    viewer.addEventListener("keydown", (event) => {
      event.stopPropagation(); // the page's own keys are for what lies below
      if (event.key === "r" || event.key === "R") turn();
    });
    viewer.addEventListener("close", () => viewer.remove());
    document.body.append(viewer);
    viewer.showModal();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-picture]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    view(link.href);
  });

  setInterval(tick, 250);
  setInterval(() => { guard(); stick(); select(); keepDrafts(); }, 100);
})();
