// The watch over alarms that nobody has acknowledged (sound, speech, notification, title, icon) and over the connection.
(() => {
  "use strict";
  const { ticker: TICKER, worker: WORKER } = document.currentScript.dataset;
  const BEEP_MS = 2000, SPEECH_PAUSE_MS = 6000, SPEECH_LONGEST_MS = 30000;
  const BEAT_MS = 3000, LOST_MS = 10000, LEAD_MS = 5000;
  const title = document.title;
  const two = (number) => String(number).padStart(2, "0");
  const state = () => document.getElementById("vigil");

  // --- what there is to call out -------------------------------------------------------------------------------------
  let told = "", calls = [];
  function read() {
    const now = state()?.dataset.calls; // none before the server has said it
    if (!now || now === told) return;
    told = now;
    calls = JSON.parse(now);
    notify();
  }
  const count = () => Number(state()?.dataset.count || 0);

  // --- sound: browsers allow it only after a click or a key on the page ------------------------------------------------
  let audio = null;
  let wantsSound = localStorage.getItem("fujin-sound") !== "off";
  const sounding = () => Boolean(wantsSound && audio && audio.state === "running");

  function unlock() {
    if (!audio) audio = new AudioContext();
    audio.resume().then(showSound);
  }

  function showSound() {
    for (const button of document.querySelectorAll("[data-sound]")) {
      const words = sounding() ? "声音已开" : "点此开启声音";
      if (button.textContent !== words) button.textContent = words;
      button.setAttribute("aria-pressed", String(sounding()));
    }
    const warning = document.getElementById("muted");
    if (warning) warning.hidden = sounding();
  }

  function want(sound) {
    wantsSound = sound;
    localStorage.setItem("fujin-sound", sound ? "on" : "off");
    if (sound) {
      unlock();
      if (window.Notification?.permission === "default") Notification.requestPermission();
    } else {
      window.speechSynthesis?.cancel();
    }
    showSound();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-unmute]")) want(true);
    else if (event.target.closest?.("[data-sound]")) want(!sounding());
    else if (wantsSound && state()) unlock(); // any click will do to bring back what was on before the page was loaded
  });
  document.addEventListener("keydown", () => { if (wantsSound && state()) unlock(); });

  function beep(frequency, at, length, loudness) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(loudness, at + 0.02);
    volume.gain.setValueAtTime(loudness, at + length - 0.04);
    volume.gain.linearRampToValueAtTime(0, at + length);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + length);
  }

  // --- speech: a voice of this computer, since others would send the words to their maker ------------------------------
  let speakingSince = 0, spokeAt = -SPEECH_PAUSE_MS, turn = 0;
  function voice() {
    const voices = window.speechSynthesis?.getVoices() || [];
    return voices.find((one) => one.localService && /^(zh|cmn)(?![-_](HK|TW))/i.test(one.lang));
  }

  function speak(words) {
    const time = performance.now();
    if (speakingSince && time - speakingSince > SPEECH_LONGEST_MS) quiet(); // some browsers never say that it ended
    const speaker = voice();
    if (!speaker || speakingSince || time - spokeAt < SPEECH_PAUSE_MS) return;
    const utterance = new SpeechSynthesisUtterance(words);
    utterance.voice = speaker;
    utterance.lang = "zh-CN";
    utterance.onend = utterance.onerror = () => { speakingSince = 0; spokeAt = performance.now(); };
    speakingSince = time;
    turn += 1;
    speechSynthesis.speak(utterance);
  }

  function quiet() {
    if (speakingSince) window.speechSynthesis.cancel();
    speakingSince = 0;
  }

  // Of several windows of one browser one makes the noise.
  const me = Math.random().toString(36).slice(2);
  function leading() {
    const lead = JSON.parse(localStorage.getItem("fujin-lead") || "{}");
    if (lead.id !== me && Date.now() - lead.at < LEAD_MS) return false;
    localStorage.setItem("fujin-lead", JSON.stringify({ id: me, at: Date.now() }));
    return true;
  }
  addEventListener("pagehide", () => {
    if (JSON.parse(localStorage.getItem("fujin-lead") || "{}").id === me) localStorage.removeItem("fujin-lead");
  });

  let rounds = 0;
  function alarm() {
    rounds += 1;
    if (!lostSince && !calls.length) quiet();
    if (!sounding() || !(lostSince || calls.length) || !leading()) return;
    if (lostSince) {
      // Nobody may be looking while no alarm can arrive: a low tone every ten seconds.
      if (rounds % 5 === 0) beep(330, audio.currentTime, 0.5, 0.25);
      if (rounds % 15 === 0) speak("值班台连接已断开，请留意电话和对讲机。");
      return;
    }
    const loudness = speakingSince ? 0.06 : 0.25;
    beep(880, audio.currentTime, 0.22, loudness);
    beep(660, audio.currentTime + 0.28, 0.22, loudness);
    const several = count() > 1 ? `共${count()}起待确认。` : "";
    speak(several + calls[turn % calls.length].say);
  }

  // --- notifications, title and icon: for whoever has another window before them ----------------------------------------
  const shown = new Map();
  const tagOf = (id) => `fujin-case-${id}`;
  const worker = navigator.serviceWorker; // none where the page is not safe, as notifications

  function notify() {
    for (const [id, note] of shown) {
      if (!calls.some((call) => call.id === id)) {
        note.close();
        shown.delete(id);
      }
    }
    clearWorkers();
    if (window.Notification?.permission !== "granted" || (document.hasFocus() && !document.hidden)) return;
    for (const call of calls) {
      // The next page of a case replaces its notification.
      if (shown.get(call.id)?.due !== call.due) shown.set(call.id, { due: call.due, close: show(call) });
    }
  }

  // Shows a notification, and gives what takes it away again.
  function show(call) {
    const told = {
      body: call.say, tag: tagOf(call.id), data: call.id, renotify: true, requireInteraction: true, lang: "zh-CN",
    };
    try {
      const note = new Notification(call.title, told);
      note.onclick = () => { window.focus(); note.close(); goTo(call.id); };
      return () => note.close();
    } catch { // telephones allow it to service workers only
      showByWorker(call, told);
      return () => {};
    }
  }

  async function showByWorker(call, told) {
    await worker?.register(WORKER);
    const found = await worker?.ready;
    if (calls.some((one) => one.id === call.id)) found?.showNotification(call.title, told);
  }

  // Those that the worker shows outlive the page: also what an earlier page has left goes with its alarm.
  async function clearWorkers() {
    const found = await worker?.getRegistration();
    for (const note of (await found?.getNotifications()) || []) {
      if (!calls.some((call) => tagOf(call.id) === note.tag)) note.close();
    }
  }
  worker?.addEventListener("message", (event) => goTo(event.data.goTo));

  function goTo(id) {
    const card = document.querySelector(`[data-case="${id}"]`);
    if (!card) {
      location.href = `/case/${id}`;
      return;
    }
    card.tabIndex = -1;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "center" });
  }

  function showCount() {
    const alarms = count();
    const flash = alarms && Math.floor(Date.now() / 1000) % 2 ? `【警情】${alarms}起待确认` : null;
    const wanted = flash || (alarms ? `(${alarms}) ${title}` : title);
    if (document.title !== wanted) document.title = wanted;
    showIcon(alarms);
  }

  let iconOf = 0, plainIcon = null;
  function showIcon(alarms) {
    const link = document.querySelector('link[rel~="icon"]');
    if (!link || alarms === iconOf) return;
    plainIcon ??= link.href;
    iconOf = alarms;
    const number = alarms > 9 ? "9+" : alarms;
    link.href = !alarms ? plainIcon : "data:image/svg+xml," + encodeURIComponent(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="12" fill="#c3202b"/>' +
      `<text x="32" y="47" font-size="42" font-weight="bold" text-anchor="middle" fill="#fff">${number}</text></svg>`);
  }

  // The desk has the alarms themselves; its bar is for when they are scrolled away.
  function showBar() {
    const box = document.querySelector(".alarm-bar-over");
    if (!box) return;
    const inView = [...document.querySelectorAll(".alarm-card:not(.alarm-taken)")].some((card) => {
      const place = card.getBoundingClientRect();
      return place.bottom > 120 && place.top < innerHeight - 60;
    });
    box.toggleAttribute("data-needless", inView);
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.('[data-alarm-bar][href="#alarms"]')) return;
    event.preventDefault();
    (document.querySelector(".alarm-card:not(.alarm-taken)") || document.getElementById("alarms"))?.scrollIntoView();
  });

  // --- connection: the server has to answer, a socket that looks open is not enough --------------------------------------
  let lostSince = 0, connected = false, beat = 0, beatAt = -BEAT_MS, heard = "", heardAt = performance.now();
  function listen() {
    const time = performance.now();
    const up = Boolean(window.socket?.connected && window.did_handshake);
    connected ||= up;
    if (!state()) { // a page that keeps no watch: the socket alone tells
      showLost(connected && !up);
      return;
    }
    const answer = state().dataset.heard || "";
    if (answer !== heard || !up) [heard, heardAt] = [answer, time];
    showLost((connected && !up) || time - heardAt > LOST_MS);
    if (up && time - beatAt >= BEAT_MS) {
      beatAt = time;
      beat += 1;
      emitEvent("fujin-alive", { beat, audible: sounding() });
    }
  }

  function showLost(lost) {
    if (lost && !lostSince) lostSince = Date.now();
    if (!lost) lostSince = 0;
    const banner = document.getElementById("offline");
    if (banner) banner.hidden = !lost;
    document.body.classList.toggle("is-offline", lost);
    const clock = document.getElementById("offline-for");
    if (!clock || !lost) return;
    const seconds = Math.floor((Date.now() - lostSince) / 1000);
    clock.textContent = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
  }

  let alarmAt = 0;
  function tick() {
    read();
    listen();
    showSound();
    showCount();
    showBar();
    const time = performance.now();
    if (time - alarmAt >= BEEP_MS - 100) {
      alarmAt = time;
      alarm();
    }
  }

  if (wantsSound && state()) unlock(); // where the browser is told to allow it, the sound needs no click
  try {
    const ticker = new Worker(TICKER);
    ticker.onmessage = tick;
    ticker.onerror = () => setInterval(tick, 250);
  } catch {
    setInterval(tick, 250);
  }
})();
