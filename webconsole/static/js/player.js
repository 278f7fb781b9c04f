// Jumping to a mark of a recording, and showing which mark is being heard.
// No module, and read before the page: a mark that is pressed while the rest still loads is heard.
function soundOf(place) {
  const named = place.dataset.of || place.closest("form")?.dataset.of;
  return named ? document.getElementById(named) : place.closest("[data-player]").querySelector("audio");
}

document.addEventListener("click", (event) => {
  const mark = event.target.closest("[data-seek]");
  if (!mark) return;
  const sound = soundOf(mark);
  sound.currentTime = Number(mark.dataset.seek);
  sound.play();
});

// media events do not bubble: they are caught on their way down
document.addEventListener("timeupdate", (event) => {
  const player = event.target.closest("[data-player]");
  if (!player) return;
  const marks = [...player.querySelectorAll("[data-seek]")];
  const heard = marks.filter((mark) => Number(mark.dataset.seek) <= event.target.currentTime + 0.05).pop();
  for (const mark of marks) mark.classList.toggle("current", mark === heard);
}, true);

// a note is on the moment that is being heard, until somebody types another one
document.addEventListener("timeupdate", (event) => {
  for (const place of document.querySelectorAll("input[data-at]")) {
    if (document.activeElement === place || soundOf(place) !== event.target) continue;
    const whole = Math.floor(event.target.currentTime);
    place.value = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  }
}, true);

// one sound at a time
document.addEventListener("play", (event) => {
  for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause();
}, true);
