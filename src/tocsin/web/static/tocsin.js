// Comforts only: every page works without this file. Nothing is built from text here, and nothing is evaluated.
"use strict";

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// The server renders all times on the viewer's clock; the device says which zone that is.
function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const known = document.cookie.split("; ").includes(`tocsin_zone=${zone}`);
  if (zone && !known && /^[A-Za-z0-9_+\/-]{1,64}$/.test(zone)) {
    document.cookie = `tocsin_zone=${zone}; Path=/app; Max-Age=31536000; SameSite=Lax${secure}`;
  }
}

// Relative times go on by themselves, on the server's clock.
let ahead = 0;
function readServerClock() {
  const main = one("#main[data-now]");
  if (main) ahead = Date.parse(main.dataset.now) - Date.now();
}

function span(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60), hours = Math.floor(minutes / 60), days = Math.floor(minutes / 1440);
  if (!hours) return `${minutes} min`;
  if (!days) return minutes % 60 && hours < 10 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 && days < 7 ? `${days} d ${hours % 24} h` : `${days} d`;
}

function relative(at) {
  const seconds = (Date.parse(at) - Date.now() - ahead) / 1000;
  if (Math.abs(seconds) < 60) return seconds <= 0 ? "just now" : "in less than a minute";
  return seconds > 0 ? `in ${span(seconds)}` : `${span(seconds)} ago`;
}

function tick() {
  for (const mark of all("[data-rel]")) {
    const said = relative(mark.closest("time").dateTime);
    if (mark.textContent !== said) mark.textContent = said;
  }
  for (const mark of all("[data-rel-of]")) mark.textContent = relative(mark.dataset.relOf);
}

// What stands hidden without script.
function reveal() {
  for (const field of all("[data-filter], [data-copy], #pick-all")) field.hidden = false;
  const said = one("#main #said"), toast = one("#toast");
  if (said && toast) {
    toast.replaceChildren(said);
    setTimeout(() => said.remove(), 6000);
  }
  const title = one("#main h1");
  if (title && location.search.includes("done=")) history.replaceState(null, "", location.pathname + location.hash);
}

function countPicked() {
  const picks = all("#bulk input[name=id]"), picked = picks.filter((pick) => pick.checked).length;
  const every = one("[data-pick-all]"), hint = one("#bulk-bar .hint");
  if (every) every.checked = picked > 0 && picked === picks.length;
  if (every) every.indeterminate = picked > 0 && picked < picks.length;
  if (hint) hint.textContent = picked ? `${picked} selected` : "Select incidents to answer several at once";
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) {
    for (const pick of all("#bulk input[name=id]")) pick.checked = event.target.checked;
  }
  if (event.target.closest("#bulk")) countPicked();
});

document.addEventListener("input", (event) => {
  const list = event.target.dataset.filter && one(event.target.dataset.filter);
  if (!list) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const label of all("label", list)) label.hidden = !label.textContent.toLowerCase().includes(wanted);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    const source = one(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy it";
      source.select?.();
    }
  }
  for (const open of all("details.drop[open], details.menu[open]")) if (!open.contains(event.target)) open.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of all("details.drop[open], details.menu[open]")) {
    open.open = false;
    one("summary", open).focus();
  }
  if (one(".confirm:target")) location.hash = "answers";
});

// A form is sent once; its panel closes when the answer is there.
document.addEventListener("htmx:after:swap", () => {
  readServerClock();
  reveal();
  tick();
  countPicked();
});
document.addEventListener("htmx:before:request", (event) => {
  const form = event.target.closest?.("form");
  if (form) for (const open of all("details.drop[open]")) open.open = false;
  if (form?.classList.contains("note")) form.dataset.sent = "";
});
document.addEventListener("htmx:after:request", (event) => {
  const form = one("form.note[data-sent]");
  if (form && event.target === form) {
    delete form.dataset.sent;
    if (!one("#wrong")) form.reset();
  }
});
document.addEventListener("submit", (event) => {
  if (event.target.dataset.carryHash !== undefined && /^#[A-Za-z0-9_-]+$/.test(location.hash)) {
    const next = one("input[name=next]", event.target);
    if (!next.value.includes("#")) next.value += location.hash;
  }
});

// Whether what is on the screen follows the world.
function live(state, text) {
  const mark = one("#live-state");
  if (!mark) return;
  mark.hidden = false;
  mark.dataset.state = state;
  mark.textContent = text;
}
document.addEventListener("htmx:sse:after:connection", () => live("on", "Live"));
document.addEventListener("htmx:sse:error", () => live("off", "Reconnecting"));
document.addEventListener("htmx:sse:close", () => live("off", "Not live"));

tellZone();
readServerClock();
reveal();
countPicked();
setInterval(tick, 10000);
