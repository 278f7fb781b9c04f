// Live parts of the page. The server's stream names the part that changed; every element with
// hx-trigger="live:<part> from:body" then fetches itself anew.
const PARTS = ["overview", "campaigns", "campaign", "alerts", "patient", "phone", "pacing", "cases",
  "messages", "recordings"];
const AGAIN_MS = 3000;

const state = document.querySelector("[data-live]");
const made = document.querySelector('meta[name="server-time"]')?.content ?? "";
let source = null;
let again = 0;

function show(on) {
  state.classList.toggle("on", on);
  const text = on ? state.dataset.on : state.dataset.off;
  const place = state.querySelector("[data-live-text]");
  if (place.textContent !== text) place.textContent = text;
}

function tell(part) {
  htmx.trigger(document.body, `live:${part}`);
}

function close() {
  window.clearTimeout(again);
  if (source) source.close();
  source = null;
}

function open() {
  close();
  source = new EventSource(`/events?since=${encodeURIComponent(made)}`);
  source.onopen = () => show(true);
  source.onerror = () => {
    show(false);
    if (!source || source.readyState !== EventSource.CLOSED) return; // it tries again by itself
    tell("alerts"); // signed out? then the answer leads to the sign-in page
    again = window.setTimeout(open, AGAIN_MS);
  };
  for (const part of PARTS) source.addEventListener(part, () => tell(part));
}

function isHeard(sound) {
  const asked = !sound.paused && !sound.error; // it may still be on its way
  return asked || (sound.currentTime > 0 && !sound.ended);
}

// A part with a sound that somebody listens to is left alone until the sound has ended.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const sounds = [...event.detail.target.querySelectorAll("audio")];
  const heard = sounds.find(isHeard);
  if (!heard) return;
  event.detail.shouldSwap = false;
  heard.addEventListener("ended", () => tell("patient"), { once: true });
});

// Browsers allow six connections a site: tabs in the background give theirs back.
document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", (event) => event.persisted && open());

if (state) open();
