// The schedules of a job, with what may be done to them. For the screen of the job, and wherever a job is shown.
import { may } from "../lib/api.js";
import { inWords } from "../lib/cron_words.js";
import { html } from "../lib/html.js";
import { fireOf } from "../lib/fires.js";
import { href } from "../lib/router.js";
import { Button, Card } from "./layout.js";
import { addException, deleteSchedule, pauseOrResume, skipNext } from "./schedule_actions.js";
import { NOTES } from "./schedule_preview.js";
import { State } from "./state.js";
import { Time } from "./time.js";

const SHOWN = 5;

const Fire = ({ fire, zone }) => {
  const told = fireOf(fire);
  return html`<li><span>${told.weekday} ${told.date} <b>${told.time}</b></span> <span class="faint"><${Time} at=${fire.at} zone=${zone} /></span>${fire.notes.map((note) => html` <span key=${note} class="tag" title=${NOTES[note] ?? note}>${NOTES[note] ?? note}</span>`)}</li>`;
};

const One = ({ schedule, again, code }) => {
  const ended = schedule.state === "Ended";
  const words = schedule.name ?? inWords(schedule.describe);
  const verb = `${schedule.state === "Paused" ? "Resume" : "Pause"} this schedule`;
  return html`<article class="schedule"><header class="row"><a href=${href(`/schedules/${schedule.id}`)}><b>${words}</b></a><${State} value=${schedule.state} />
      ${schedule.note && html`<span class="faint">“${schedule.note}”</span>`}<span class="grow"></span>
      ${may("operate") && !ended && html`<span class="acts"><${Button} tone="plain" icon=${schedule.state === "Paused" ? "play" : "paused"} title=${verb} aria-label=${verb} onClick=${() => pauseOrResume(schedule, again)} />
        <${Button} tone="plain" icon="skipped" title="Skip the next fire" aria-label="Skip the next fire" disabled=${!schedule.nextAt} onClick=${() => skipNext(schedule, again)} />
        <${Button} tone="plain" icon="plus" title="Skip, move or add a fire" aria-label="Skip, move or add a fire" onClick=${() => addException(schedule, again)} /></span>`}
      ${may("edit") && html`<span class="acts"><a class="button plain" href=${href(`/schedules/${schedule.id}`)}>${code ? "Show" : "Edit"}</a><${Button} tone="plain" icon="trash" title=${code ? "It comes with code" : "Delete this schedule"} aria-label="Delete this schedule" disabled=${code} onClick=${() => deleteSchedule(schedule, again)} /></span>`}</header>
    ${words !== schedule.describe && html`<p class="faint small">${schedule.describe}</p>`}
    ${schedule.upcoming?.length > 0 && html`<ol class="fires" aria-label=${`Next fires, ${schedule.timeZone}`}>${schedule.upcoming.slice(0, SHOWN).map((fire) => html`<${Fire} key=${fire.at} fire=${fire} zone=${schedule.timeZone} />`)}</ol>`}</article>`;
};

/**
 * `schedules` as /api/views/jobs/{id} has them; `again` asks the view once more after a change.
 * @param {{job: {id: string, source?: string}, schedules: any[], again?: () => void}} props
 */
export const SchedulesOf = ({ job, schedules, again = () => {} }) => html`<${Card} title="Schedules" beside=${may("edit") && html`<a class="button" href=${href("/schedules/new", { job: job.id })}>New schedule</a>`}>
  ${schedules.length === 0 ? html`<p class="faint">On demand: it runs when somebody starts it.</p>`
    : html`<div class="stack">${schedules.map((one) => html`<${One} key=${one.id} schedule=${{ ...one, jobId: job.id }} again=${again} code=${job.source === "code"} />`)}</div>`}</${Card}>`;
