// Jumping to a mark of a recording, and showing which mark is being heard.
document.body.addEventListener("click", (event) => {
  const mark = event.target.closest("[data-seek]");
  if (!mark) return;
  const sound = mark.closest("[data-player]").querySelector("audio");
  sound.currentTime = Number(mark.dataset.seek);
  sound.play();
});

// media events do not bubble: they are caught on their way down
document.body.addEventListener("timeupdate", (event) => {
  const player = event.target.closest("[data-player]");
  if (!player) return;
  const marks = [...player.querySelectorAll("[data-seek]")];
  const heard = marks.filter((mark) => Number(mark.dataset.seek) <= event.target.currentTime + 0.05).pop();
  for (const mark of marks) mark.classList.toggle("current", mark === heard);
}, true);

// one sound at a time
document.body.addEventListener("play", (event) => {
  for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause();
}, true);
