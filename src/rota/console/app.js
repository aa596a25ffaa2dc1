// The console: who is in, where we are, what frames every screen.
import { session, signIn, signOut, whoAmI } from "./lib/api.js";
import { html, render, useEffect, useState } from "./lib/html.js";
import { duration } from "./lib/format.js";
import { go, href, route } from "./lib/router.js";
import { clock, paused, theme } from "./lib/settings.js";
import { connection, follow, missed } from "./lib/stream.js";
import { Icon } from "./parts/icons.js";
import { help, shortcut } from "./parts/keys.js";
import { Button, Empty, Head, Refusal } from "./parts/layout.js";
import { palette } from "./parts/palette.js";
import { now } from "./parts/time.js";
import { Toasts } from "./parts/toast.js";
import { SignIn } from "./screens/sign_in.js";

/** Every place: its path, its name in the navigation, its icon, its shortcut, and the module with its screen. */
const PLACES = [
  { path: "/", name: "Overview", icon: "home", keys: "g o", load: () => import("./screens/overview.js") },
  { path: "/jobs", name: "Jobs", icon: "jobs", keys: "g j", load: () => import("./screens/jobs.js") },
  { path: "/jobs/:id", load: () => import("./screens/job.js") },
  { path: "/executions", name: "Executions", icon: "executions", keys: "g e", load: () => import("./screens/executions.js") },
  { path: "/executions/:id", load: () => import("./screens/execution.js") },
  { path: "/timeline", name: "Timeline", icon: "timeline", keys: "g t", load: () => import("./screens/timeline.js") },
  { path: "/load", name: "Calendar", icon: "load", keys: "g l", load: () => import("./screens/load.js") },
  { path: "/calendars", name: "Business calendars", icon: "calendar", keys: "g c", load: () => import("./screens/calendars.js") },
  { path: "/calendars/:name", load: () => import("./screens/calendar.js") },
  { path: "/fleet", name: "Workers & queues", icon: "fleet", keys: "g w", load: () => import("./screens/fleet.js") },
  { path: "/failures", name: "Dead letters & missed", icon: "failures", keys: "g f", load: () => import("./screens/failures.js") },
  { path: "/schedules/:id", load: () => import("./screens/schedule.js") },
  { path: "/audit", name: "Audit", icon: "audit", keys: "g a", right: "audit", load: () => import("./screens/audit.js") },
  { path: "/keys", name: "Keys", icon: "keys", keys: "g k", right: "admin", load: () => import("./screens/keys.js") },
];

/** Which place a path is, with what stands for its names. */
function find(path) {
  for (const place of PLACES) {
    const parts = place.path.split("/").filter(Boolean);
    if (parts.length === path.length && parts.every((part, i) => part.startsWith(":") || part === path[i])) {
      return { place, names: Object.fromEntries(parts.map((part, i) => [part.slice(1), path[i]]).filter((_, i) => parts[i].startsWith(":"))) };
    }
  }
  return null;
}

const places = () => PLACES.filter(({ name, right }) => name && (!right || session.value?.rights.includes(right)));

const open = () => palette(places().map(({ path, name, icon }) => ({ name, icon, act: () => go(path) })));
shortcut("Ctrl-k", "Go to anything", open);
shortcut("/", "Search", () => {
  const box = document.querySelector("main input[type=search]");
  if (box instanceof HTMLInputElement) { box.focus(); box.select(); } else open();
});
shortcut("p", "Pause or resume the lists", () => { paused.value = !paused.value; });
for (const { path, name, keys } of PLACES) if (name) shortcut(keys, name, () => go(path), "Go to");

/** The screen of a place, fetched when it is first opened. */
const Screen = () => {
  const { path, query } = route.value;
  const found = find(path);
  const [loaded, setLoaded] = useState({ place: null, screen: null, problem: null });
  useEffect(() => {
    if (!found) return undefined;
    let wanted = true;
    found.place.load().then(
      (module) => wanted && setLoaded({ place: found.place, screen: module.default, problem: null }),
      () => wanted && setLoaded({ place: found.place, screen: null, problem: new Error("this part of the console could not be fetched; is the server there?") }),
    );
    return () => { wanted = false; };
  }, [found?.place]);
  useEffect(() => { document.querySelector("main")?.scrollTo(0, 0); }, [path.join("/")]);
  if (!found) {
    return html`<${Head} title="Nothing here" /><${Empty} title="There is no such screen"><p><a href="#/">To the overview</a></p></${Empty}>`;
  }
  if (loaded.problem) return html`<${Refusal} problem=${loaded.problem} again=${() => location.reload()} />`;
  if (loaded.place !== found.place) return html`<p class="loading" role="status">Loading…</p>`;
  return html`<${loaded.screen} key=${path.join("/")} ...${found.names} query=${query} />`;
};

const Navigation = ({ close }) => {
  const first = `/${route.value.path[0] ?? ""}`;
  return html`<nav class="places" aria-label="Screens">
    ${places().map(({ path, name, icon, keys }) => html`<a key=${path} href=${href(path)} title=${`${name} (${keys})`} aria-current=${path === first ? "page" : undefined} onClick=${close}>
      <${Icon} name=${icon} /><span>${name}</span></a>`)}
  </nav>`;
};

/** Whether what is shown is true now, and what was missed while it was not. */
const Connection = () => {
  const { state, since } = connection.value;
  const gone = missed.value;
  useEffect(() => {
    if (!gone) return undefined;
    const timer = setTimeout(() => { missed.value = null; }, 15000);
    return () => clearTimeout(timer);
  }, [gone]);
  if (state === "lost") {
    const seconds = Math.max(0, Math.round((now.value - since) / 1000));
    return html`<div class="banner tone-bad" role="alert"><${Icon} name="warning" /><span>The server does not answer since ${duration(seconds || 1)}. What you see is as it was then; trying again…</span></div>`;
  }
  if (gone) {
    return html`<div class="banner tone-good" role="status"><${Icon} name="succeeded" /><span>Connected again after ${duration(gone.away / 1000)}. ${gone.events ? `${gone.events} event${gone.events === 1 ? "" : "s"} in the meantime are shown.` : "Nothing happened in the meantime."}</span>
      <${Button} icon="close" tone="plain" title="Close" aria-label="Close" onClick=${() => { missed.value = null; }} /></div>`;
  }
  return null;
};

const THEMES = { auto: "light", light: "dark", dark: "auto" };
const CLOCKS = { browser: "UTC", UTC: "schedule", schedule: "browser" };

const Bar = ({ menu, setMenu }) => html`<header class="bar">
  <${Button} icon="menu" tone="plain only-narrow" title="Menu" aria-label="Menu" aria-expanded=${menu} onClick=${() => setMenu(!menu)} />
  <a class="brand" href="#/"><img src="console/icon.svg" alt="" width="20" height="20" /> Rota</a>
  <span class="environment">${session.value.environment}</span>
  <button type="button" class="find" onClick=${open}><${Icon} name="search" /><span>Find a job or a screen</span><kbd>Ctrl K</kbd></button>
  <span class="grow"></span>
  <span class="live ${connection.value.state}" role="status" title=${connection.value.state === "live" ? "events arrive as they happen" : "no events arrive"}><i></i><span class="only-wide">${paused.value ? "Paused" : { live: "Live", lost: "Offline", connecting: "Connecting" }[connection.value.state]}</span></span>
  <${Button} icon=${paused.value ? "play" : "paused"} tone="plain" aria-pressed=${paused.value} title=${paused.value ? "Let the lists go on (p)" : "Hold the lists still (p)"} aria-label=${paused.value ? "Resume" : "Pause"} onClick=${() => { paused.value = !paused.value; }} />
  <${Button} tone="plain only-wide" title="In which clock times are told: the browser's, UTC, or the schedule's own" onClick=${() => { clock.value = CLOCKS[clock.value]; }}>${{ browser: "Local time", UTC: "UTC", schedule: "Schedule time" }[clock.value]}</${Button}>
  <${Button} icon=${{ auto: "sun", light: "sun", dark: "moon" }[theme.value]} tone="plain" title=${`Colours: ${theme.value}`} aria-label=${`Colours: ${theme.value}`} onClick=${() => { theme.value = THEMES[theme.value]; }} />
  <${Button} icon="help" tone="plain only-wide" title="Keyboard (?)" aria-label="Keyboard" onClick=${help} />
  <details class="person"><summary title="Account">${session.value.name}</summary><div class="menu">
    <p class="faint">${session.value.role} · Rota ${session.value.version}</p>
    <a href="swagger">The API</a>
    <button type="button" class="linklike" onClick=${signOut}>Sign out</button>
  </div></details>
</header>`;

const App = () => {
  const [menu, setMenu] = useState(false);
  const [problem, setProblem] = useState(null);
  useEffect(() => { begin().catch(setProblem); }, []);
  useEffect(() => { if (session.value) follow(); }, [session.value]);
  if (problem && !session.value) return html`<main class="sign-in"><${Refusal} problem=${problem} again=${() => { setProblem(null); begin().catch(setProblem); }} /></main>`;
  if (session.value === undefined) return html`<p class="loading" role="status">Loading…</p>`;
  if (session.value === null) return html`<${SignIn} /><${Toasts} />`;
  return html`
    <a class="skip" href="#content" onClick=${(event) => { event.preventDefault(); document.querySelector("main")?.focus(); }}>To the content</a>
    <${Bar} menu=${menu} setMenu=${setMenu} />
    <div class="frame ${menu ? "menu-open" : ""}"><${Navigation} close=${() => setMenu(false)} />
      <main id="content" tabindex="-1"><${Connection} /><${Screen} /></main></div>
    <${Toasts} />`;
};

/** By the one-time link, if this is one; else who is in already? */
async function begin() {
  const code = /^#signin=(.+)$/.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, "", "#/");
    route.value = { path: [], query: {} };
    try {
      await signIn({ code });
      return;
    } catch (problem) {
      if (problem.status !== 401) throw problem;
    }
  }
  await whoAmI();
}

render(html`<${App} />`, document.getElementById("app"));
