// Keeps the page as things are: waits for the next change, fetches this same page again, and mends what
// differs. What did not change stays the very same node, so focus, selection, open details, scrolling
// and what is being typed stay too. Without this script the page is whole; it stays as it was made.
"use strict";

const SHORTEST = 1000; // ms between two questions
const LONGEST = 30000; // ms between two tries where nobody answers
const TICK = 5000; // ms between two looks at the clock for "12 s ago"
const PARTS = ["body > header", "main", "body > footer"];

const page = document.querySelector("main").dataset;
let known = Number(page.change); // the change that this page shows
let ahead = Date.parse(page.at) - Date.now(); // how far the daemon's clock is ahead of ours, in ms

// --- Waiting for changes -------------------------------------------------------------------------

let wake = () => {}; // ends the present pause
let stop = () => {}; // ends the present wait for a change

const pause = (ms) => new Promise((done) => { wake = done; if (ms) setTimeout(done, ms); });

async function follow() {
  let failures = 0;
  for (;;) {
    if (document.hidden) await pause();
    try {
      if ((await nextChange()) !== known) await refresh();
      failures = 0;
    } catch (error) {
      if (error.name === "AbortError") continue;
      failures += 1;
    }
    tellUnreachable(failures > 1); // a page that is being left fails once
    // A part of it by chance: those who lost the same daemon do not all come back at the same moment.
    await pause(Math.min(LONGEST, SHORTEST * 2 ** failures) * (1 - Math.random() / 2));
  }
}

async function nextChange() {
  const waiting = new AbortController();
  stop = () => waiting.abort();
  const answer = await fetch(`/api/v1/changes?since=${known}`, { signal: waiting.signal, cache: "no-store" });
  if (answer.status === 503) return void (await pause(LONGEST)); // too many wait: look without being told
  if (!answer.ok) throw new Error(`changes: ${answer.status}`);
  return (await answer.json()).change;
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const { at, change } = fresh.querySelector("main")?.dataset ?? {};
  if (!change) throw new Error(`page: ${answer.status}`); // not ours, or the daemon is ending
  const focused = document.activeElement;
  for (const part of PARTS) mend(document.querySelector(part), fresh.querySelector(part));
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
  document.title = fresh.title;
  ahead = Date.parse(at) - Date.now();
  known = Number(change);
}

function tellUnreachable(isSo) {
  const note = document.getElementById("unreachable");
  const words = isSo ? "The daemon can't be reached. This page shows how things stood before, and goes on trying." : "";
  if (note.textContent !== words) note.textContent = words;
}

// --- Mending the page ----------------------------------------------------------------------------

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key || "" : "");

function mend(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    const isReaders = name === "open" && old.nodeName === "DETAILS";
    if (!fresh.hasAttribute(name) && !isReaders) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  mendChildren(old, fresh);
}

function mendChildren(old, fresh) {
  const keys = new Set([...fresh.childNodes].map(keyOf));
  for (const child of [...old.childNodes]) if (!keys.has(keyOf(child))) child.remove();
  let at = old.firstChild; // all before it is mended
  for (const child of fresh.childNodes) {
    const same = counterpart(at, child);
    if (!same) {
      const added = document.importNode(child, true);
      if (keyOf(child)) added.classList.add("arrived");
      old.insertBefore(added, at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    mend(same, child);
  }
  while (at) [at] = [at.nextSibling, at.remove()];
}

// The node from `at` on that stands for the same: by its key, wherever that is; without one, before the next key.
function counterpart(at, child) {
  const key = keyOf(child);
  for (let node = at; node && (key || !keyOf(node)); node = node.nextSibling) {
    if (node.nodeName === child.nodeName && keyOf(node) === key) return node;
  }
  return null;
}

// --- The clock: the same words as pages/moments.py -----------------------------------------------

const UNITS = [[60, 1, "s"], [3600, 60, "min"], [172800, 3600, "h"], [63072000, 86400, "d"], [Infinity, 31536000, "y"]];

function relative(time) {
  const gap = Math.floor((Date.now() + ahead) / 1000) - Math.floor(time / 1000);
  const [, size, unit] = UNITS.find(([below]) => Math.abs(gap) < below);
  const length = `${Math.floor(Math.abs(gap) / size)} ${unit}`;
  if (gap === 0) return "now";
  return gap > 0 ? `${length} ago` : `in ${length}`;
}

function tick() {
  if (document.hidden) return;
  const selection = getSelection();
  for (const ago of document.querySelectorAll("time > .ago")) {
    const text = ago.firstChild;
    const time = Date.parse(ago.parentNode.dateTime);
    const words = relative("due" in ago.dataset ? Math.max(time, Date.now() + ahead) : time);
    const isSelected = !selection.isCollapsed && selection.containsNode(text, true);
    if (text.nodeValue !== words && !isSelected) text.nodeValue = words;
  }
}

if (Number.isFinite(known)) {
  document.documentElement.classList.add("live");
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : (wake(), tick())));
  addEventListener("pageshow", () => wake());
  setInterval(tick, TICK);
  follow();
}
