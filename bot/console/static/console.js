// What only the browser can do: clocks that tick, the alarm sound, the notice that the connection is lost,
// buttons that cannot be hit by mistake when the page moves, and chats that stay at their end.
(() => {
  "use strict";
  const now = () => Date.now() + (window.fujinOffset || 0);
  const two = (number) => String(number).padStart(2, "0");
  const title = document.title;

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

  function openAlarms() {
    return Number(document.getElementById("alarm-state")?.dataset.open || 0);
  }

  function tick() {
    for (const element of document.querySelectorAll("[data-ago]")) write(element, ago(Number(element.dataset.ago)));
    for (const element of document.querySelectorAll("[data-due]")) {
      const left = Math.max(0, Math.ceil((Number(element.dataset.due) - now()) / 1000));
      write(element, `${two(Math.floor(left / 60))}:${two(left % 60)}`);
    }
    const alarms = openAlarms();
    const wanted = alarms ? `(${alarms}) ${title}` : title;
    if (document.title !== wanted) document.title = wanted;
    showSound();
  }

  // --- sound: browsers allow it only after a click on the page -------------------------------------------------
  let audio = null;
  let wantsSound = localStorage.getItem("fujin-sound") !== "off";
  let offline = false;
  const sounding = () => wantsSound && audio && audio.state === "running";

  function unlock() {
    if (!audio) audio = new AudioContext();
    audio.resume().then(showSound);
  }

  function showSound() {
    for (const button of document.querySelectorAll("[data-sound]")) {
      write(button, sounding() ? "声音已开" : "点此开启声音");
      button.setAttribute("aria-pressed", String(Boolean(sounding())));
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-sound]")) {
      wantsSound = !sounding();
      localStorage.setItem("fujin-sound", wantsSound ? "on" : "off");
      if (wantsSound) unlock();
      showSound();
    } else if (wantsSound && document.querySelector("[data-sound]")) {
      unlock(); // any click will do to bring back the sound that was on before the page was loaded
    }
  });

  function beep(frequency, at, length) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.25, at + 0.02);
    volume.gain.setValueAtTime(0.25, at + length - 0.04);
    volume.gain.linearRampToValueAtTime(0, at + length);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + length);
  }

  let rounds = 0;
  function alarm() {
    rounds += 1;
    if (!sounding()) return;
    if (offline) {
      // Nobody may be looking while no alarm can arrive: a low tone every ten seconds.
      if (rounds % 5 === 0) beep(330, audio.currentTime, 0.5);
    } else if (openAlarms()) {
      beep(880, audio.currentTime, 0.22);
      beep(660, audio.currentTime + 0.28, 0.22);
    }
  }

  // --- connection ------------------------------------------------------------------------------------------------
  let watched = null;
  function watch() {
    if (!window.socket || window.socket === watched) return;
    watched = window.socket;
    watched.on("disconnect", () => showOffline(true));
    watched.on("connect_error", () => showOffline(true));
    watched.on("connect", () => showOffline(false));
  }

  function showOffline(lost) {
    offline = lost;
    const banner = document.getElementById("offline");
    if (banner) banner.hidden = !lost;
    document.body.classList.toggle("is-offline", lost);
  }

  // --- a button that has just moved or appeared under the finger takes no press -------------------------------------
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

  setInterval(tick, 250);
  setInterval(alarm, 2000);
  setInterval(() => { watch(); guard(); stick(); }, 100);
})();
