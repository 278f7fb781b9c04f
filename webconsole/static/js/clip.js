// Choosing a stretch of a recording: dragged on the waveform, or set in the fields of the form.
import { waves } from "./wave.js";

const LEAST_S = 1; // what the server takes
const DRAGGED = 4; // CSS pixels; less is a click, which goes there
const EDGE = 8; // so near to an end of the stretch that end is moved
const STEPS = { ArrowUp: 0.1, ArrowDown: -0.1, PageUp: 1, PageDown: -1 };

function tell(seconds) {
  const tenths = Math.max(0, Math.round(seconds * 10));
  const whole = Math.floor(tenths / 10);
  const clock = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  return tenths % 10 ? `${clock}.${tenths % 10}` : clock;
}

function read(text) {
  const parts = /^(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)(?:\.(\d))?$/.exec(text.trim());
  if (!parts) return null;
  const [hours, minutes, seconds, tenths] = parts.slice(1).map((part) => Number(part || 0));
  return (hours * 60 + minutes) * 60 + seconds + tenths / 10;
}

class Clip {
  constructor(form, wave) {
    this.form = form;
    this.wave = wave;
    this.fields = { from: form.elements.from, to: form.elements.to };
    this.anchor = null; // where the pointer went down, and which end stays
    this.stopAt = null; // while just the stretch is heard
    wave.chooser = this;
    wave.canvas.classList.add("chooses");
    wave.canvas.addEventListener("pointermove", (event) => this.hover(event));
    for (const [name, field] of Object.entries(this.fields)) {
      field.addEventListener("input", () => this.show());
      field.addEventListener("keydown", (event) => this.step(event, name));
    }
    form.addEventListener("click", (event) => this.click(event));
    this.show();
  }

  get stretch() {
    const [from, to] = [read(this.fields.from.value), read(this.fields.to.value)];
    return from !== null && to !== null && from < to ? { from, to } : null;
  }

  get most() {
    return Math.floor(this.wave.length * 10) / 10;
  }

  set(name, seconds) {
    this.fields[name].value = tell(Math.min(Math.max(0, seconds), this.most));
    this.show();
  }

  show() {
    const { stretch } = this;
    const told = this.form.querySelector("[data-clip-length]");
    told.textContent = stretch ? tell(stretch.to - stretch.from) : "";
    this.form.querySelector("[data-clip-hear]").disabled = !stretch;
    this.wave.draw();
  }

  // the end of the stretch that is this near, if one is
  near(event) {
    const { stretch } = this;
    if (!stretch || stretch.to - stretch.from < LEAST_S / 2) return null;
    const box = this.wave.canvas.getBoundingClientRect();
    const away = (second) => Math.abs(box.left + (second / this.wave.length) * box.width - event.clientX);
    const name = away(stretch.from) <= away(stretch.to) ? "from" : "to";
    return away(stretch[name]) <= EDGE ? name : null;
  }

  hover(event) {
    this.wave.canvas.classList.toggle("edge", this.anchor === null && this.near(event) !== null);
  }

  // a press on the waveform; what is returned hears each move of the pointer
  begin(event) {
    if (!this.wave.length) return null;
    const name = this.near(event);
    this.stopAt = null;
    this.anchor = {
      x: event.clientX, moved: false,
      second: name ? this.stretch[name === "from" ? "to" : "from"] : this.wave.secondAt(event),
    };
    return (moved) => this.drag(moved);
  }

  drag(event) {
    if (!this.anchor || (!this.anchor.moved && Math.abs(event.clientX - this.anchor.x) < DRAGGED)) return;
    this.anchor.moved = true;
    const ends = [this.anchor.second, this.wave.secondAt(event)].sort((one, other) => one - other);
    this.fields.from.value = tell(Math.min(ends[0], this.most));
    this.fields.to.value = tell(Math.min(ends[1], this.most));
    this.show();
  }

  end(event) {
    const { anchor } = this;
    this.anchor = null;
    if (anchor && !anchor.moved && event.type === "pointerup") this.wave.go(this.wave.secondAt(event));
  }

  step(event, name) {
    const by = STEPS[event.key];
    const now = read(this.fields[name].value);
    if (!by || now === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.set(name, now + by);
  }

  click(event) {
    const here = event.target.closest("[data-clip-here]");
    if (here) this.set(here.dataset.clipHere, this.wave.sound.currentTime);
    if (event.target.closest("[data-clip-hear]")) this.hear();
  }

  hear() {
    const { stretch } = this;
    if (!stretch) return;
    this.wave.go(stretch.from);
    this.stopAt = stretch.to;
    this.wave.sound.play();
  }

  follow(now) {
    if (this.stopAt === null || now < this.stopAt) return;
    this.stopAt = null;
    this.wave.sound.pause();
  }

  draw(pen, at, height, colour) {
    const { stretch } = this;
    if (!stretch) return;
    const [from, to] = [at(stretch.from), at(stretch.to)];
    pen.fillStyle = colour;
    pen.globalAlpha = 0.18;
    pen.fillRect(from, 0, to - from, height);
    pen.globalAlpha = 1;
    for (const x of [from, to]) pen.fillRect(Math.round(x) - 1, 0, 2, height);
  }
}

for (const form of document.querySelectorAll("form[data-clip]")) {
  const canvas = document.getElementById(form.dataset.clip).closest("[data-player]").querySelector("canvas");
  if (waves.has(canvas)) new Clip(form, waves.get(canvas));
}
