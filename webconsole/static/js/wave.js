// The waveform of a recording: the patient above the line, the hospital below it, with the marks.
// Also what belongs to it: speed, leaving out silence, and the keys.
const QUIET = 3; // of 255, on both sides: nobody speaks
const PAUSE_S = 1; // shorter silences are heard
const EDGE_S = 0.25; // of a longer one so much is kept at each end
const STEP_S = 5;
const MUTE_MS = 10000; // a side without any sound for a whole call of this length is told
const WIDTH = 3; // of a bar and the gap beside it, in CSS pixels

export const waves = new WeakMap();

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// [from, to] in seconds where neither side is heard for longer than a pause
function silences(peaks) {
  const step = peaks.step_ms / 1000;
  const found = [];
  let since = null;
  for (let place = 0; place <= peaks.patient.length; place += 1) {
    const quiet = place < peaks.patient.length
      && peaks.patient[place] < QUIET && peaks.hospital[place] < QUIET;
    if (quiet && since === null) since = place;
    if (!quiet && since !== null) {
      if ((place - since) * step > PAUSE_S) found.push([since * step + EDGE_S, place * step - EDGE_S]);
      since = null;
    }
  }
  return found;
}

class Wave {
  constructor(player, canvas) {
    this.player = player;
    this.canvas = canvas;
    this.sound = player.querySelector("audio");
    this.peaks = null;
    this.silences = [];
    this.frame = 0;
    this.chooser = null; // of a stretch, where the page has one: clip.js
    for (const name of ["play", "pause", "seeked", "timeupdate", "ended"]) {
      this.sound.addEventListener(name, () => this.follow());
    }
    // what plays is authentic piece by piece; whether all of it is what was sealed is told meanwhile.
    // the last source is the original: what it does not play, the server says why
    this.sound.addEventListener("playing", () => this.verify(), { once: true });
    this.sound.addEventListener("error", () => this.verify());
    this.sound.querySelector("source:last-of-type")?.addEventListener("error", () => this.verify());
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("keydown", (event) => this.key(event));
    player.querySelector("[data-speed]")?.addEventListener("change", (event) => {
      this.speed(Number(event.target.value));
    });
    for (const button of player.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.go(this.sound.currentTime + Number(button.dataset.step)));
    }
    for (const button of player.querySelectorAll("[data-to-mark]")) {
      button.addEventListener("click", () => this.toMark(Number(button.dataset.toMark)));
    }
    new ResizeObserver(() => this.draw()).observe(canvas);
    if (!this.sound.paused) { // a mark was pressed before this was loaded
      this.verify();
      this.follow();
    }
  }

  async load() {
    const answer = await fetch(this.canvas.dataset.peaks, { headers: { Accept: "application/json" } });
    this.canvas.hidden = !answer.ok;
    if (!answer.ok) return;
    this.peaks = await answer.json();
    this.silences = silences(this.peaks);
    for (const notice of this.player.querySelectorAll("[data-silent]")) {
      const loudest = this.peaks[notice.dataset.silent].reduce((most, each) => Math.max(most, each), 0);
      notice.hidden = loudest > 0 || this.peaks.duration_ms < MUTE_MS;
    }
    this.draw();
  }

  async verify() {
    const answer = await fetch(this.sound.dataset.seal, { headers: { Accept: "application/json" } });
    if (answer.status === 409) this.sound.pause();
    this.player.querySelector("[data-changed]").hidden = answer.status !== 409;
    this.player.querySelector("[data-whole]").hidden = !answer.ok;
  }

  get length() {
    if (this.peaks) return this.peaks.duration_ms / 1000;
    return this.sound.duration || Number(this.canvas.getAttribute("aria-valuemax"));
  }

  get marks() {
    return [...this.player.querySelectorAll("[data-seek]")];
  }

  go(second) {
    this.sound.currentTime = Math.min(Math.max(0, second), Math.max(0, this.length - 0.05));
    this.draw();
  }

  toggle() {
    if (this.sound.paused) this.sound.play();
    else this.sound.pause();
  }

  speed(rate) {
    this.sound.preservesPitch = true; // a voice stays a voice
    this.sound.defaultPlaybackRate = rate; // also once the sound has been fetched
    this.sound.playbackRate = rate;
  }

  faster(by) {
    const select = this.player.querySelector("[data-speed]");
    select.selectedIndex = Math.min(Math.max(0, select.selectedIndex + by), select.options.length - 1);
    this.speed(Number(select.value));
  }

  toMark(direction) {
    const times = this.marks.map((mark) => Number(mark.dataset.seek));
    const now = this.sound.currentTime;
    const next = direction > 0 ? times.find((time) => time > now + 0.05)
      : times.filter((time) => time < now - 1).pop();
    if (next !== undefined) this.go(next);
  }

  secondAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(Math.max(0, share), 1) * this.length;
  }

  press(event) {
    const move = this.chooser?.begin(event) ?? ((moved) => this.go(this.secondAt(moved)));
    const end = (last) => {
      this.canvas.removeEventListener("pointermove", move);
      this.canvas.removeEventListener("pointerup", end);
      this.canvas.removeEventListener("pointercancel", end);
      this.chooser?.end(last);
    };
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
    if (!this.chooser) move(event);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = this.sound.currentTime;
    const keys = {
      " ": () => this.toggle(), Enter: () => this.toggle(),
      ArrowLeft: () => this.go(now - STEP_S), ArrowRight: () => this.go(now + STEP_S),
      PageUp: () => this.toMark(-1), PageDown: () => this.toMark(1),
      Home: () => this.go(0), End: () => this.go(this.length),
      ArrowUp: () => this.faster(1), ArrowDown: () => this.faster(-1),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  // while it plays: the line moves, and silence is left out
  follow() {
    this.draw();
    cancelAnimationFrame(this.frame);
    if (this.sound.paused || !this.canvas.isConnected) return;
    const now = this.sound.currentTime;
    this.chooser?.follow(now);
    if (this.player.querySelector("[data-leave-out-silence]")?.checked) {
      const silence = this.silences.find(([from, to]) => from <= now && now < to - 0.05);
      if (silence) this.sound.currentTime = silence[1];
    }
    this.frame = requestAnimationFrame(() => this.follow());
  }

  draw() {
    const { canvas, peaks } = this;
    const now = this.sound.currentTime;
    canvas.setAttribute("aria-valuenow", String(Math.round(now)));
    canvas.setAttribute("aria-valuetext", clock(now));
    const box = canvas.getBoundingClientRect();
    if (!peaks || !box.width) return;
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(box.width * scale);
    canvas.height = Math.round(box.height * scale);
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const middle = box.height / 2;
    const at = (second) => (second / (this.length || 1)) * box.width;
    const played = at(now);
    const [patient, hospital, faint] = ["--bar-calling", "--bar-done", "--border-strong"].map(colour);
    const bars = Math.floor(box.width / WIDTH);
    const each = peaks.patient.length / bars;
    const height = (side, bar) => {
      const from = Math.floor(bar * each);
      const loud = Math.max(0, ...side.slice(from, Math.max(from + 1, Math.floor((bar + 1) * each))));
      return Math.sqrt(loud / 255) * (middle - 3); // what is soft is seen as well
    };
    for (let bar = 0; bar < bars; bar += 1) {
      const x = bar * WIDTH;
      pen.globalAlpha = x <= played ? 1 : 0.5;
      pen.fillStyle = patient;
      const up = Math.max(0.5, height(peaks.patient, bar));
      pen.fillRect(x, middle - up, WIDTH - 1, up);
      pen.fillStyle = hospital;
      pen.fillRect(x, middle, WIDTH - 1, Math.max(0.5, height(peaks.hospital, bar)));
    }
    pen.globalAlpha = 1;
    const kinds = { finding: "--critical", disagreement: "--abnormal", escalation: "--accent", agent: "--accent", note: "--abnormal" };
    for (const mark of this.marks) {
      const kind = [...mark.classList].map((name) => name.replace("mark-", "")).find((name) => kinds[name]);
      pen.fillStyle = kind ? colour(kinds[kind]) : faint;
      const x = Math.round(at(Number(mark.dataset.seek)));
      pen.fillRect(x, kind ? 0 : middle - 6, kind ? 2 : 1, kind ? box.height : 12);
    }
    this.chooser?.draw(pen, at, box.height, colour("--accent"));
    pen.fillStyle = colour("--text");
    pen.fillRect(Math.round(played), 0, 1.5, box.height);
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    waves.get(entry.target)?.load();
  }
});

function begin() {
  for (const canvas of document.querySelectorAll("canvas[data-peaks]")) {
    if (waves.has(canvas)) continue;
    waves.set(canvas, new Wave(canvas.closest("[data-player]"), canvas));
    seen.observe(canvas);
  }
}

begin();
document.body.addEventListener("htmx:afterSwap", begin);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const canvas of document.querySelectorAll("canvas[data-peaks]")) waves.get(canvas)?.draw();
});
