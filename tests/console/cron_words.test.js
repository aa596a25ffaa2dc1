// Cron in words: right, or none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cronWords, inWords } from "../../src/rota/console/lib/cron_words.js";

test("common expressions have words", () => {
  const told = {
    "0 6 * * MON-FRI": "Monday to Friday at 06:00", "30 2 * * *": "every day at 02:30", "*/15 * * * *": "every 15 minutes", "* * * * *": "every minute",
    "5 * * * *": "every hour at :05", "0,30 */2 * * *": "every 2 hours at :00 and :30", "0 6,12,18 * * *": "every day at 06:00, 12:00 and 18:00",
    "0 0 1 * *": "on day 1 of the month at 00:00", "0 22 L * *": "on the last day of the month at 22:00", "0 0 1 1,7 *": "on day 1 of the month in January and July at 00:00",
    "0 9 * * 1,3": "on Monday and Wednesday at 09:00", "0 9 13 * FRI": "on day 13 of the month, and also on Friday at 09:00", "*/5 9-17 * * MON-FRI": "Monday to Friday every 5 minutes from 09:00 to 17:59",
    "0 9-17 * * *": "every hour from 09 to 17 at :00", "@hourly": "every hour at :00", "@daily": "every day at 00:00", "0 6 * JAN-MAR ?": "every day from January to March at 06:00",
  };
  for (const [expression, words] of Object.entries(told)) assert.equal(cronWords(expression), words, expression);
});

test("what is not understood for sure has none", () => {
  for (const expression of ["", null, "nonsense", "H H * * *", "0 0 6 * * *", "0 6 LW * *", "0 6 * * MON#2", "0 6 * */2 *", "0 6 */2 * *", "0 6 * * 9", "0 6 * 13 *", "0 6 * * FRI-MON", "1-5 6 * * *", "*/7 * * * *", "0 */5 * * *"]) {
    assert.equal(cronWords(expression), null, String(expression));
  }
});

test("a described schedule is told in words where there are some", () => {
  assert.equal(inWords("cron */15 * * * *, UTC"), "every 15 minutes, UTC");
  assert.equal(inWords("daily at 06:00 Europe/Berlin"), "daily at 06:00 Europe/Berlin");
  assert.equal(inWords("cron 0 6 L-3 * *, Europe/Berlin"), "cron 0 6 L-3 * *, Europe/Berlin");
  assert.match(inWords("cron 0 6 * * 1,3,5, Europe/Berlin"), /, Europe\/Berlin$/);
});
