// Live parts of the page. The server's stream names the part that changed; every element with
// hx-trigger="live:<part> from:body" then fetches itself anew.
const PARTS = ["overview", "campaigns", "campaign", "alerts", "patient", "phone", "pacing", "cases",
  "messages", "recordings"];
const AGAIN_MS = 3000;
const SETTLED_MS = 100;

const state = document.querySelector("[data-live]");
const made = document.querySelector('meta[name="server-time"]')?.content ?? "";
const changes = {}; // how often each part has changed since the page was made
const wishes = new WeakMap(); // what somebody asked for last, by its place on the page
const sent = new WeakMap(); // what stood in both when a request was sent
let source = null;
let again = 0;

function show(on) {
  state.classList.toggle("on", on);
  const text = on ? state.dataset.on : state.dataset.off;
  const place = state.querySelector("[data-live-text]");
  if (place.textContent !== text) place.textContent = text;
}

function tell(part) {
  changes[part] = (changes[part] ?? 0) + 1;
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

function liveBy({ triggeringEvent }) {
  return /^live:(\w+)/.exec(triggeringEvent?.type ?? "")?.[1];
}

document.body.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (!liveBy(detail.requestConfig)) wishes.set(detail.target, detail.xhr);
  sent.set(detail.xhr, { changes: { ...changes }, wish: wishes.get(detail.target) });
});

// What a part fetched for itself is not shown over what somebody has asked for since.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { xhr, target, requestConfig } = detail;
  const part = liveBy(requestConfig);
  if (!part) return;
  if (requestConfig.elt.isConnected && sent.get(xhr)?.wish === wishes.get(target)) return;
  detail.shouldSwap = false;
  // the one that stands in its place may be too new to listen
  if (!requestConfig.elt.isConnected) window.setTimeout(tell, SETTLED_MS, part);
});

// A part that is replaced forgets the changes that it was still to fetch: the new one, once it
// listens, is told them again.
document.body.addEventListener("htmx:afterSettle", ({ detail }) => {
  const before = sent.get(detail.xhr)?.changes;
  if (!before || !sent.delete(detail.xhr)) return; // it is told for each element that is new
  for (const each of detail.target.querySelectorAll('[hx-trigger^="live:"]')) {
    const [, part] = /^live:(\w+)/.exec(each.getAttribute("hx-trigger"));
    if (changes[part] !== before[part]) tell(part);
  }
});

// Browsers allow six connections a site: tabs in the background give theirs back.
document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", (event) => event.persisted && open());

if (state) open();
