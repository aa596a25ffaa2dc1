// What is done to many executions at once: counted first, with a reason, typed when it is more than a hundred.
import { post } from "../lib/api.js";
import { html } from "../lib/html.js";
import { count } from "../lib/format.js";
import { href } from "../lib/router.js";
import { confirm } from "./dialog.js";
import { say } from "./toast.js";

const MOST = 1000;

/** The states in which nothing becomes of an execution any more: it can be run again, not cancelled. */
export const ENDED = new Set(["Succeeded", "Failed", "Cancelled", "Skipped", "Expired"]);

/** Run ended executions again. @param {string[]} ids */
export async function retryMany(ids, what = count(ids.length, "execution")) {
  const chosen = ids.slice(0, MOST);
  const done = await confirm({
    title: `Run ${what} again?`, many: chosen.length, reason: chosen.length > 1 ? "required" : "optional", verb: `Run ${chosen.length === 1 ? "it" : count(chosen.length, "execution")} again`,
    says: html`<p>Each runs again with the same parameters, as a new execution.${ids.length > MOST ? ` The newest ${MOST} of ${ids.length} are taken.` : ""}</p>`,
    act: (reason) => post("/api/executions/retry", { ids: chosen, reason }),
  });
  if (done) say(`${count(done.items.length, "execution")} run again`, { to: chosen.length === 1 ? `#/executions/${done.items[0].retriedAs}` : href("/executions", { q: "trigger:replay" }) });
  return done;
}

/** Cancel executions that have not ended. @param {string[]} ids */
export async function cancelMany(ids) {
  const done = await confirm({
    title: `Cancel ${count(ids.length, "execution")}?`, many: ids.length, tone: "danger", verb: "Cancel them", reason: ids.length > 1 ? "required" : "optional",
    says: html`<p>What waits ends at once. What runs is asked to stop, and killed when it does not.</p>`,
    act: async (reason) => {
      const answers = await Promise.allSettled(ids.map((id) => post(`/api/executions/${id}/cancel`, reason ? { reason } : {})));
      const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
      if (refused.length === ids.length) throw refused[0];
      return { cancelled: ids.length - refused.length, refused: refused.length };
    },
  });
  if (done) say(`${count(done.cancelled, "execution")} cancelled${done.refused ? `, ${done.refused} had ended before` : ""}`);
  return done;
}
