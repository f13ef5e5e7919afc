// The keyboard. What a key presses on a case is found by `data-key`: "ack", "reply", "close", "note", "search".
(() => {
  "use strict";
  const HELP = [
    ["j / ↓", "下一个案件"], ["k / ↑", "上一个案件"], ["Enter", "打开选中的案件"],
    ["a 然后 Enter", "确认接警（两个键，防误按）"], ["r", "回复居民"], ["n", "写备注"], ["c", "结案"],
    ["/", "查找"], ["g 然后 d", "回值班台"], ["g 然后 a", "去申请"], ["g 然后 s", "去查找"],
    ["Esc", "取消、关闭"], ["?", "显示这张表"],
  ];
  const PLACES = { d: "/", a: "/applications", s: "/search" };
  const JUMPS = { r: "reply", n: "note", c: "close" };
  const ROWS = "[data-case], [data-application]";
  const ARMED_MS = 5000, JUMP_MS = 10000;

  const visible = (element) => element.getClientRects().length > 0;
  const rows = () => [...document.querySelectorAll(ROWS)].filter(visible);
  const here = () => document.activeElement?.closest(ROWS) || document.querySelector("article.case-head[data-case]");
  const target = (name, within = document) => [...within.querySelectorAll(`[data-key="${name}"]`)].find(visible);
  const typing = (element) => element.closest?.("input, textarea, select, [contenteditable=true]");
  const asked = () => [...document.querySelectorAll(".q-dialog, .q-menu, dialog[open]")].some(visible);

  // --- choosing a case -----------------------------------------------------------------------------------------------
  let last = null; // a row that is built anew loses the focus; its number does not
  const numberOf = (row) => row && (row.dataset.case || row.dataset.application);

  function step(by) {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => numberOf(row) === (numberOf(document.activeElement?.closest(ROWS)) || last));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
    last = numberOf(next);
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  // --- acknowledging takes two keys --------------------------------------------------------------------------------------
  let armed = null, armedUntil = 0;
  function arm() {
    const row = here();
    const button = row && target("ack", row);
    if (!button) {
      hint(row ? "这个案件不用确认" : "先按 j 或 k 选中一个案件，再按 a");
      return;
    }
    disarm();
    armed = button;
    armedUntil = performance.now() + ARMED_MS;
    armed.setAttribute("data-armed", "");
    hint(`案件${numberOf(row) || ""}：按 Enter ${button.textContent.trim()}，按 Esc 取消`);
  }

  function disarm() {
    armed?.removeAttribute("data-armed");
    armed = null;
  }

  function confirm() {
    const button = armed;
    disarm();
    if (performance.now() > armedUntil || !button.isConnected || !visible(button)) return;
    if (button.hasAttribute("data-settling") || document.body.classList.contains("is-offline")) hint("没有按下，请再试一次");
    else button.click();
  }

  // --- parts of a case -----------------------------------------------------------------------------------------------
  function press(element) {
    const field = typing(element) ? element : element.querySelector("input, textarea");
    if (field) field.focus();
    else element.click();
  }

  function jump(name) {
    const found = target(name);
    const number = document.activeElement?.closest("[data-case]")?.dataset.case;
    if (found) press(found);
    else if (number && !document.querySelector("article.case-head")) location.href = `/case/${number}#${name}`;
    else hint(number ? "这里没有这个操作" : "先按 j 或 k 选中一个案件");
  }

  function arrive() {
    const name = Object.values(JUMPS).find((one) => location.hash === `#${one}`);
    if (!name) return;
    history.replaceState(null, "", location.pathname + location.search);
    const until = performance.now() + JUMP_MS;
    const wait = setInterval(() => {
      const found = window.did_handshake && target(name); // before that nobody would hear the press
      if (found) press(found);
      if (found || performance.now() > until) clearInterval(wait);
    }, 100);
  }

  function search() {
    const box = target("search");
    if (box) press(box);
    else location.href = "/search";
  }

  // --- what is said about keys ----------------------------------------------------------------------------------------
  let hintTimer = 0;
  function hint(words) {
    let box = document.getElementById("key-hint");
    if (!box) {
      box = document.createElement("div");
      box.id = "key-hint";
      box.setAttribute("role", "status");
      document.body.append(box);
    }
    box.textContent = words;
    box.hidden = !words;
    clearTimeout(hintTimer);
    if (words) hintTimer = setTimeout(() => { hint(""); disarm(); }, ARMED_MS);
  }

  function help() {
    let dialog = document.getElementById("keys");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.id = "keys";
      dialog.setAttribute("aria-label", "键盘操作");
      const list = document.createElement("dl");
      for (const [key, words] of HELP) {
        list.append(Object.assign(document.createElement("dt"), { textContent: key }));
        list.append(Object.assign(document.createElement("dd"), { textContent: words }));
      }
      const heading = Object.assign(document.createElement("h2"), { textContent: "键盘操作" });
      const foot = Object.assign(document.createElement("p"), { textContent: notice() });
      const close = Object.assign(document.createElement("button"), { type: "button", textContent: "关闭" });
      close.onclick = () => dialog.close();
      dialog.append(heading, list, foot, close);
      document.body.append(dialog);
    }
    dialog.showModal();
  }

  function notice() {
    if (!window.isSecureContext || !window.Notification) return "浏览器通知：要用 https 打开才有。";
    if (Notification.permission === "granted") return "浏览器通知：已允许。";
    if (Notification.permission === "denied") return "浏览器通知：被浏览器禁止，请在地址栏左侧的网站设置里允许。";
    return "浏览器通知：点右上角的声音按钮时会询问，请选允许。";
  }

  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-keys]")) help(); });

  // What is sent by key goes nowhere without a connection, or out when nobody expects it any more.
  document.addEventListener("keydown", (event) => {
    if (!event.ctrlKey || event.key !== "Enter" || !document.body.classList.contains("is-offline")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    hint("连接已断开，没有发出；写好的话会留着");
  }, true);

  let went = -Infinity; // when g was pressed: a page that has just been opened has heard none
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat && event.key === "Enter") return;
    if (typing(event.target) || asked()) return;
    const key = event.key;
    if (key === "Enter" && armed) confirm(), hint("");
    else if (key === "Enter" && event.target.matches?.(ROWS)) event.target.querySelector("a[href]")?.click();
    else if (key === "Escape") disarm(), hint("");
    else if (performance.now() - went < 1500 && PLACES[key]) location.href = PLACES[key];
    else if (key === "g") went = performance.now();
    else if (key === "j" || (key === "ArrowDown" && rows().length > 1)) step(1);
    else if (key === "k" || (key === "ArrowUp" && rows().length > 1)) step(-1);
    else if (key === "a") arm();
    else if (JUMPS[key]) jump(JUMPS[key]);
    else if (key === "/") search();
    else if (key === "?") help();
    else return;
    event.preventDefault();
  });

  arrive();
})();
