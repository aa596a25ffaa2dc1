// What a browser remembers of how somebody likes the console.
import { effect, signal } from "../vendor/signals.js";

function remembered(name, initial) {
  let start = initial;
  try {
    start = JSON.parse(localStorage.getItem(`rota.${name}`) ?? "null") ?? initial;
  } catch { /* a store that is closed to us, or a value of another version */ }
  const setting = signal(start);
  effect(() => {
    try {
      localStorage.setItem(`rota.${name}`, JSON.stringify(setting.value));
    } catch { /* private windows may refuse: then it lasts as long as the page */ }
  });
  return setting;
}

/** "auto", "light" or "dark". */
export const theme = remembered("theme", "auto");
/** In which clock times are told: "schedule" (that of the schedule where there is one), "browser" or "UTC". */
export const clock = remembered("clock", "browser");
/** Named queries of the executions screen: [{name, q}]. */
export const savedViews = remembered("views", []);
/** Whether long lines of a log are wrapped. */
export const logWrap = remembered("logWrap", true);
/** Whether lists stand still. Not remembered: a console that shows old figures must not look alive tomorrow. */
export const paused = signal(false);

effect(() => {
  const root = globalThis.document?.documentElement;
  if (root) root.dataset.theme = theme.value;
});
