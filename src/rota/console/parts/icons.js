// Icons: 16-px line drawings, never the only carrier of a meaning.
import { html } from "../lib/html.js";

const PATHS = {
  succeeded: "M3.5 8.5l3 3 6-7",
  failed: "M4.5 4.5l7 7M11.5 4.5l-7 7",
  running: "M8 2.5a5.5 5.5 0 1 1-5.5 5.5",
  pending: "M8 4.5V8l2.5 1.5M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z",
  scheduled: "M3 6.5h10M5.5 2.5v2M10.5 2.5v2M3 4h10v9.5H3z",
  retrying: "M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.5V6H9.5",
  cancelled: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM3.8 3.8l8.4 8.4",
  cancelling: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6 6h4v4H6z",
  skipped: "M4 4l5 4-5 4zM11.5 4v8",
  expired: "M4.5 2.5h7M4.5 13.5h7M5 2.5c0 3 2 4 3 5.5-1 1.500-3 2.500-3 5.500M11 2.500c0 3-2 4-3 5.500 1 1.500 3 2.500 3 5.500",
  waiting: "M5 3.500v9M11 3.500v9",
  paused: "M5.500 4v8M10.500 4v8",
  play: "M5 3.500l7.500 4.500L5 12.500z",
  stop: "M4 4h8v8H4z",
  warning: "M8 2.500l6.500 11h-13zM8 6.500v3.500M8 11.700v.300",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.500v3.500M8 5v.200",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.500 10.500L14 14",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  link: "M6.500 9.500l3-3M7 4.500l1.500-1.500a2.800 2.800 0 0 1 4 4L11 8.500M9 11.500l-1.500 1.500a2.800 2.800 0 0 1-4-4L5 7.500",
  download: "M8 2.500v8M4.500 7.500L8 11l3.500-3.500M3 13.500h10",
  close: "M4 4l8 8M12 4l-8 8",
  chevron: "M6 3.500L10.500 8 6 12.500",
  down: "M3.500 6L8 10.500 12.500 6",
  plus: "M8 3v10M3 8h10",
  edit: "M3 13l.700-3L11 2.700l2.300 2.300L6 12.300z",
  trash: "M3 4.500h10M6 4.500v-2h4v2M4.500 4.500l.500 9h6l.500-9",
  menu: "M2.500 4.500h11M2.500 8h11M2.500 11.500h11",
  home: "M2.500 7.500L8 3l5.500 4.500M4 6.500v7h8v-7",
  jobs: "M2.500 4h11v9h-11zM6 4V2.500h4V4M2.500 8h11",
  executions: "M3 4h2M3 8h2M3 12h2M7 4h6.500M7 8h6.500M7 12h6.500",
  timeline: "M2.500 3.500h5M5.500 7h6M4 10.500h4M9 13.500h4.500",
  load: "M2.500 2.500h4v4h-4zM9.500 2.500h4v4h-4zM2.500 9.500h4v4h-4zM9.500 9.500h4v4h-4z",
  calendar: "M3 6.500h10M5.500 2.500v2M10.500 2.500v2M3 4h10v9.500H3zM6 9.500l1.500 1.500 2.500-3",
  fleet: "M2.500 3h11v4h-11zM2.500 9h11v4h-11zM5 5h.200M5 11h.200",
  failures: "M8 2.500a5 5 0 0 1 3 9v2H5v-2a5 5 0 0 1 3-9zM6.300 7.500h.100M9.700 7.500h.100",
  audit: "M4 2.500h6l2.500 2.500v8.500H4zM6 7h4.500M6 10h4.500",
  keys: "M5.500 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM7.700 7.800L13 2.500M11 4.500l2 2",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.400 1.400M11.600 11.600L13 13M3 13l1.400-1.400M11.600 4.400L13 3",
  moon: "M13 9.500A5.500 5.500 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500z",
  help: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.300 6.500a1.800 1.800 0 1 1 2.500 1.600c-.500.300-.800.600-.800 1.200M8 11.500v.100",
};

/** @param {{name: string, spin?: boolean}} props */
export const Icon = ({ name, spin = false }) => html`
  <svg class=${spin ? "icon spin" : "icon"} viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d=${PATHS[name] ?? PATHS.info} /></svg>`;
