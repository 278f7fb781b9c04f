// The sound of a telephone, made on the spot: 450 Hz, one second in four, as Chinese exchanges ring.
const PITCH_HZ = 450;
const ON_S = 1;
const EVERY_MS = 4000;

export class Ringer {
  #sound = null;
  #again = 0;
  #title = "";
  #level = null;

  prepare() {
    this.#sound ||= new AudioContext();
    this.#sound.resume();
  }

  start(title) {
    if (this.#again) return;
    this.#title = document.title;
    document.title = title;
    this.#ring();
    this.#again = window.setInterval(() => this.#ring(), EVERY_MS);
  }

  stop() {
    if (!this.#again) return;
    window.clearInterval(this.#again);
    this.#again = 0;
    document.title = this.#title;
    this.#level.disconnect();
  }

  #ring() {
    const start = this.#sound.currentTime;
    const tone = new OscillatorNode(this.#sound, { frequency: PITCH_HZ });
    this.#level = new GainNode(this.#sound, { gain: 0 });
    // rising and falling edges, or it clicks
    this.#level.gain.setTargetAtTime(0.2, start, 0.02);
    this.#level.gain.setTargetAtTime(0, start + ON_S, 0.02);
    tone.connect(this.#level).connect(this.#sound.destination);
    tone.start(start);
    tone.stop(start + ON_S + 0.2);
  }
}
