// The agents' phone: registers at Asterisk by JsSIP, rings, answers. The page holds every word;
// here is only which of them to show: each element with data-when lists the states it belongs to.
import JsSIP from "/vendor/jssip.js";
import { serverNow } from "./clocks.js";
import { Ringer } from "./ringer.js";

const REMEMBERED = "aftercall.extension";
const GATHER_MS = 300; // candidates that come later than this are not waited for
const phone = document.getElementById("phone");

const ringer = new Ringer();
let agent = null; // JsSIP's user agent while on duty
let microphone = null;
let call = null;
let muted = false;

const extension = () => phone.querySelector("#extension");
const show = (selector, text) => { phone.querySelector(selector).textContent = text; };

function enter(state) {
  phone.dataset.state = state;
  for (const element of phone.querySelectorAll("[data-when]")) {
    element.hidden = !element.dataset.when.split(" ").includes(state);
  }
  extension().disabled = state !== "off";
  if (state === "ringing") ringer.start(phone.dataset.ringTitle);
  else ringer.stop();
  for (const track of microphone ? microphone.getAudioTracks() : []) {
    track.enabled = state === "talking" && !muted; // nobody is heard between calls
  }
}

function complain(fault) {
  for (const element of phone.querySelectorAll("[data-fault]")) {
    element.hidden = element.dataset.fault !== fault;
  }
}

// Registered and no call: what the dialer thinks of us decides what is shown.
function rest() {
  if (!agent || call) return;
  if (!agent.isConnected()) return enter(phone.dataset.state === "connecting" ? "connecting" : "lost");
  if (!agent.isRegistered()) return enter("connecting");
  const told = document.getElementById("desk").dataset.agentState;
  enter({ offline: "joining", off: "joining", wrap_up: "wrap_up", on_call: "wrap_up", missed: "missed" }[told] || "available");
}

function refresh() {
  phone.querySelector("#chosen").value = extension().value;
  htmx.trigger("#desk-place", "refresh");
}

async function goOnDuty() {
  complain(null);
  if (!navigator.mediaDevices) return complain("insecure");
  enter("connecting");
  ringer.prepare(); // browsers allow sound only after a click: this was one
  let asked = null;
  try {
    asked = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    return goOffDuty("microphone");
  }
  if (phone.dataset.state !== "connecting") return asked.getTracks().forEach((track) => track.stop());
  microphone = asked;
  microphone.getAudioTracks()[0].addEventListener("ended", () => complain("microphone"));
  enter("connecting");
  const account = await fetchAccount();
  if (microphone !== asked) return; // off duty meanwhile
  if (typeof account === "string") return goOffDuty(account);
  localStorage.setItem(REMEMBERED, extension().value);
  register(account);
}

// {user, password}, or the name of what is wrong
async function fetchAccount() {
  const token = document.querySelector('input[name="csrf_token"]').value;
  const body = new URLSearchParams({ extension: extension().value });
  try {
    const answer = await fetch(phone.dataset.credentials, { method: "POST", body, headers: { "X-CSRF-Token": token } });
    if (answer.ok && !answer.redirected) return await answer.json();
    return { 409: "taken", 503: "unreachable" }[answer.status] || "refused";
  } catch {
    return "unreachable";
  }
}

function register({ user, password }) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new JsSIP.WebSocketInterface(`${scheme}//${location.host}${phone.dataset.connect}`);
  const mine = agent = new JsSIP.UA({
    sockets: [socket], uri: `sip:${user}@aftercall.invalid`, password, register_expires: 120, session_timers: false,
    connection_recovery_min_interval: 1, connection_recovery_max_interval: 8,
  });
  mine.on("registered", () => { complain(null); refresh(); rest(); });
  mine.on("disconnected", () => {
    if (agent !== mine) return;
    if (phone.dataset.state === "connecting") complain("unreachable"); // it goes on trying
    rest();
  });
  mine.on("connected", () => { if (agent === mine) rest(); });
  mine.on("registrationFailed", ({ response }) => { if (response && agent === mine) goOffDuty("refused"); });
  mine.on("newRTCSession", ({ session, originator }) => {
    if (originator !== "remote") return;
    if (call) session.terminate({ status_code: 486 });
    else ring(session);
  });
  mine.start();
}

function goOffDuty(fault = null) {
  const leaving = agent;
  agent = null;
  if (leaving) leaving.stop(); // unregisters, then closes the connection
  if (microphone) microphone.getTracks().forEach((track) => track.stop());
  microphone = null;
  enter("off");
  complain(fault);
}

function ring(session) {
  call = session;
  complain(null);
  show("[data-caller-name]", session.remote_identity.display_name || "");
  show("[data-caller-number]", session.remote_identity.uri.user || "");
  setMuted(false);
  let patience = 0;
  session.on("icecandidate", ({ ready }) => {
    window.clearTimeout(patience);
    patience = window.setTimeout(ready, GATHER_MS);
  });
  session.on("peerconnection", ({ peerconnection }) => {
    peerconnection.addEventListener("track", ({ track, streams }) => {
      document.getElementById("voice").srcObject = streams[0] || new MediaStream([track]);
    });
  });
  session.on("confirmed", () => {
    phone.querySelector("[data-call-timer]").dateTime = new Date(serverNow()).toISOString();
    show("[data-call-timer]", "0:00");
    enter("talking");
    phone.querySelector('[data-do="mute"]').focus();
  });
  const over = () => {
    call = null;
    document.getElementById("voice").srcObject = null;
    refresh();
    rest();
  };
  session.on("ended", over);
  session.on("failed", ({ originator, cause }) => {
    const wasAnswered = phone.dataset.state === "answering";
    over();
    if (wasAnswered && originator === "local" && cause !== JsSIP.C.causes.CANCELED) complain("media");
  });
  enter("ringing");
  refresh();
  phone.querySelector('[data-do="answer"]').focus();
}

function setMuted(on) {
  muted = on;
  phone.querySelector('[data-do="mute"]').setAttribute("aria-pressed", String(on));
}

const ACTIONS = {
  "on-duty": goOnDuty,
  "off-duty": () => goOffDuty(),
  answer() {
    if (phone.dataset.state !== "ringing") return;
    enter("answering");
    call.answer({ mediaStream: microphone, pcConfig: { iceServers: [] } });
  },
  "hang-up"() {
    if (!call) return;
    if (phone.dataset.state === "ringing") call.terminate({ status_code: 486 });
    else call.terminate();
  },
  mute() {
    if (phone.dataset.state !== "talking") return;
    setMuted(!muted);
    enter("talking");
  },
};
const KEYS = { F8: "answer", F9: "hang-up", F2: "mute" };

if (phone) {
  const known = localStorage.getItem(REMEMBERED);
  if ([...extension().options].some((option) => option.value === known)) extension().value = known;
  extension().addEventListener("change", refresh);
  phone.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) ACTIONS[button.dataset.do]();
  });
  document.addEventListener("keydown", (event) => {
    const action = KEYS[event.key];
    if (!action || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    ACTIONS[action]();
  });
  document.body.addEventListener("htmx:afterSwap", rest);
  window.addEventListener("beforeunload", (event) => { if (agent) event.preventDefault(); });
  window.addEventListener("pagehide", () => { if (agent) goOffDuty(); });
  enter("off");
  refresh();
  phone.querySelector('[data-do="on-duty"]').disabled = false; // from here on a click is heard
}
