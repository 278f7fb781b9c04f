// Somebody who is typing is not sent away when the session ends under them: what the page fetches by
// itself then fails in quiet, and a line says so. Sending the form leads through the sign-in.
let typed = false;

document.addEventListener("input", (event) => {
  if (event.target.form?.method === "post" && event.target.closest("#main")) typed = true;
});

// What the server would refuse before it has read the form is told before it is sent, at its field.
document.addEventListener("change", (event) => {
  const most = Number(event.target.dataset?.megabytes) * 2 ** 20;
  if (!most) return;
  const sizes = [...event.target.files].map((file) => file.size);
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  const large = Math.max(0, ...sizes) > most || whole > 3 * most;
  event.target.setCustomValidity(large ? event.target.dataset.large : "");
  if (large) event.target.reportValidity();
});

document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status !== 401 || !typed) return;
  event.preventDefault();
  document.getElementById("signed-out").hidden = false;
});
