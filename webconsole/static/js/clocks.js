// Running clocks: [data-since] counts up from its datetime, [data-deadline] down to it.
const served = Date.parse(document.querySelector('meta[name="server-time"]').content);
const skew = served - Date.now(); // the server's clock is the one that counts

export function serverNow() {
  return Date.now() + skew;
}

function clock(ms) {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

function put(element, text) {
  if (element.textContent.trim() !== text) element.textContent = text;
}

function tick() {
  const now = serverNow();
  for (const element of document.querySelectorAll("[data-since]")) {
    put(element, clock(now - Date.parse(element.dateTime)));
  }
  for (const element of document.querySelectorAll("[data-deadline]")) {
    const left = Date.parse(element.dateTime) - now;
    element.classList.toggle("overdue", left < 0);
    put(element, (left < 0 ? element.dataset.late : element.dataset.left).replace("{time}", clock(Math.abs(left))));
  }
}

window.setInterval(tick, 1000);
document.body.addEventListener("htmx:afterSwap", tick);
