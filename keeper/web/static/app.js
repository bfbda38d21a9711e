"use strict";
// Fetches this page again and puts its live part in place of the old one. Without this script the
// page is complete and a reload does the same.
const EVERY_MS = 2000;
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

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
