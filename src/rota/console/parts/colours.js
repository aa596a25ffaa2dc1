// The colours of the page for what is drawn on a canvas: read from its custom properties, anew when the theme changes.
import { computed, signal } from "../lib/html.js";
import { theme } from "../lib/settings.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const system = signal(dark.matches);
dark.addEventListener("change", () => { system.value = dark.matches; });

/** What a custom property is now: its text may be a function such as light-dark(), so an element has to wear it. */
function worn(probe, name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

const NAMES = ["paper", "sunk", "line", "strong-line", "ink", "faint", "accent", "accent-soft", "good-bar", "bad-bar", "warn-bar", "busy-bar", "wait-bar", "off-bar", "bad", "good", "off"];

/** {paper, ink, "good-bar", …} as colours that a canvas understands. */
export const colours = computed(() => {
  document.documentElement.dataset.theme = theme.value;
  void system.value;
  const probe = document.createElement("i");
  document.body.append(probe);
  const found = Object.fromEntries(NAMES.map((name) => [name, worn(probe, name)]));
  probe.remove();
  return found;
});

/** The fonts of the page, as a canvas wants them. */
export const font = (size, weight = 400) => `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
