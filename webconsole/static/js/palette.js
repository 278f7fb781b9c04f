// The palette: Ctrl-K or the button opens it, letters find, arrows choose, Enter goes, Esc closes.
const WAIT_MS = 120;

const dialog = document.getElementById("palette");
const form = document.getElementById("palette-form");
const input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");
const said = document.getElementById("palette-said");
let timer = 0;
let asking = null; // what is under way; an older answer is dropped
let asked = null; // what the list on show was found for

function open() {
  if (dialog.open) return input.select();
  dialog.showModal();
  input.value = "";
  find();
}

function options() {
  return [...list.querySelectorAll('[role="option"]')];
}

function choose(option) {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function chosen() {
  return list.querySelector('[aria-selected="true"]');
}

function step(by) {
  const all = options();
  if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
}

function item({ href, title, note }, number) {
  const link = document.createElement("a");
  link.id = `palette-${number}`;
  link.className = "palette-item";
  link.href = href;
  link.tabIndex = -1;
  link.setAttribute("role", "option");
  link.append(title);
  if (note) link.append(Object.assign(document.createElement("small"), { textContent: note }));
  link.addEventListener("pointermove", () => link !== chosen() && choose(link));
  return link;
}

function show({ groups, said: words }) {
  let number = 0;
  list.replaceChildren(...groups.map(({ name, items }, place) => {
    const group = document.createElement("div");
    const head = Object.assign(document.createElement("strong"), { textContent: name, id: `palette-group-${place}` });
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", head.id);
    group.append(head, ...items.map((each) => item(each, number++)));
    return group;
  }));
  said.textContent = words;
  choose(options()[0]);
}

async function find() {
  window.clearTimeout(timer);
  asking?.abort();
  const mine = asking = new AbortController();
  const typed = input.value.trim();
  const body = new URLSearchParams({ q: typed });
  const token = form.elements.csrf_token.value;
  try {
    const answer = await fetch(form.action, { method: "POST", body, signal: mine.signal, headers: { "X-CSRF-Token": token } });
    if (answer.redirected) return window.location.assign("/sign-in"); // signed out meanwhile
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    if (mine !== asking) return;
    asked = typed;
    show(found);
  } catch {
    if (mine !== asking || mine.signal.aborted) return;
    asked = null;
    list.replaceChildren();
    said.textContent = said.dataset.failed;
  }
}

// Enter goes to what was found for the letters that stand there, not for those before.
async function go(option) {
  if (asked !== input.value.trim()) {
    await find();
    option = chosen();
  }
  if (option) window.location.assign(option.href);
}

if (dialog) {
  document.getElementById("palette-open").addEventListener("click", open);
  document.getElementById("palette-close").addEventListener("click", () => dialog.close());
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    if (event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    open();
  });
  // while an input method composes, the letters are not yet what is meant
  input.addEventListener("input", (event) => {
    if (event.isComposing) return;
    window.clearTimeout(timer);
    timer = window.setTimeout(find, WAIT_MS);
  });
  input.addEventListener("compositionend", find);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return; // the keys are the input method's
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter") go(chosen());
    else return;
    event.preventDefault();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
  dialog.addEventListener("close", () => { asking?.abort(); asking = null; list.replaceChildren(); said.textContent = ""; });
}
