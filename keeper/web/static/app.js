"use strict";
// Fetches this page again when the keeper says that something is new, and puts its live part in place of the
// old one. Without this script the page is complete and a reload does the same.
const EVENTS = "/api/v1/events";
const KINDS = ["decision", "alert", "transaction", "pause", "reset"];
const SOON_MS = 150; // several events in a row are shown at once
const AGES_MS = 15000; // how often ages move on while nothing is new
const EVERY_MS = 2000; // how often to ask while no events come through
const TIMEOUT_MS = 8000;
const live = document.getElementById("live");
const note = document.getElementById("note");
let busy = false;
let seen = new Date();

function replaceLive(next) {
  if (next.innerHTML === live.innerHTML) return;
  const focused = document.activeElement?.closest("details[id]")?.id;
  const scrolled = [...live.querySelectorAll(".lines")].map((list) => list.scrollTop);
  live.replaceChildren(...next.childNodes);
  live.querySelectorAll(".lines").forEach((list, index) => { list.scrollTop = scrolled[index] ?? 0; });
  if (focused) document.getElementById(focused)?.querySelector("summary").focus({ preventScroll: true });
}

function keepOpen(next) {
  for (const details of live.querySelectorAll("details[id]")) {
    const twin = next.querySelector(`#${details.id}`);
    if (twin) twin.open = details.open;
  }
}

async function refresh() {
  // Whoever is selecting text to copy it must not lose the selection.
  if (busy || document.hidden || document.getSelection()?.isCollapsed === false) return;
  busy = true;
  try {
    const answer = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("live");
    keepOpen(next);
    replaceLive(next);
    seen = new Date();
    note.hidden = true;
  } catch {
    note.textContent = `No answer from the keeper since ${seen.toISOString().slice(11, 19)} UTC; still trying.`;
    note.hidden = false;
  } finally {
    busy = false;
  }
}

let source = null;
let soon = null;
let asked = 0;

function refreshSoon() {
  soon ??= setTimeout(() => { soon = null; asked = Date.now(); refresh(); }, SOON_MS);
}

function listen() {
  if (source || document.hidden || typeof EventSource === "undefined") return;
  source = new EventSource(EVENTS);
  for (const kind of KINDS) source.addEventListener(kind, refreshSoon);
}

// A page that nobody looks at holds no connection: browsers allow only a few to one host.
function visibility() {
  if (document.hidden) {
    source?.close();
    source = null;
    return;
  }
  listen();
  refreshSoon();
}

setInterval(() => {
  if (source?.readyState === EventSource.CLOSED) source = null;
  listen();
  const through = source?.readyState === EventSource.OPEN;
  if (Date.now() - asked >= (through ? AGES_MS : EVERY_MS)) refreshSoon();
}, EVERY_MS);
document.addEventListener("visibilitychange", visibility);
listen();
