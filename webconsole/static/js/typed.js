// Somebody who is typing is not sent away when the session ends under them: what the page fetches by
// itself then fails in quiet, and a line says so. Sending the form leads through the sign-in.
let typed = false;

document.addEventListener("input", (event) => {
  if (event.target.form?.method === "post" && event.target.closest("#main")) typed = true;
});

document.body.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status !== 401 || !typed) return;
  event.preventDefault();
  document.getElementById("signed-out").hidden = false;
});
