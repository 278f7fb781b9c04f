// What somebody has asked for and waits for: its place on the page says that it is busy, and what does
// not come is told. What a page fetches by itself is left to the state of the live events.
const told = {
  "htmx:sendError": document.querySelector("[data-away]"),
  "htmx:timeout": document.querySelector("[data-away]"),
  "htmx:responseError": document.querySelector("[data-refused]"),
};

function isAskedFor({ requestConfig }) {
  const why = requestConfig?.triggeringEvent?.type ?? "";
  return !why.startsWith("live:") && why !== "refresh";
}

document.body.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (!isAskedFor(detail)) return;
  detail.target.setAttribute("aria-busy", "true");
  for (const each of Object.values(told)) each.hidden = true;
});
document.body.addEventListener("htmx:afterRequest", ({ detail }) => detail.target.removeAttribute("aria-busy"));

for (const [event, place] of Object.entries(told)) {
  document.body.addEventListener(event, ({ detail }) => {
    if (isAskedFor(detail)) place.hidden = false;
  });
}
