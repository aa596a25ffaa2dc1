// Figures over days, as a chart wants them. Pure.

/** Each series with those below it added up, so that they stand on one another. null counts as nothing. */
export function stacked(series) {
  const sums = [];
  return series.map((values) => values.map((value, index) => (sums[index] = (sums[index] ?? 0) + (value ?? 0))));
}

/** What became of the executions of some days: {succeeded, failed, cancelled, averageDurationSeconds}. */
export function summed(days) {
  const total = { succeeded: 0, failed: 0, cancelled: 0 };
  let seconds = 0, measured = 0;
  for (const day of days) {
    for (const name of Object.keys(total)) total[name] += day[name];
    const many = day.succeeded + day.failed;
    if (day.averageDurationSeconds !== null && many > 0) { seconds += day.averageDurationSeconds * many; measured += many; }
  }
  return { ...total, averageDurationSeconds: measured ? seconds / measured : null };
}

/** The start of a day (UTC), in seconds. */
export const secondsOf = (date) => Date.parse(`${date}T00:00:00Z`) / 1000;

/** "Sat 28 Nov". */
export const dayName = (date) => new Date(date).toLocaleDateString("en-GB", { weekday: "short", day: "2-digit", month: "short", timeZone: "UTC" }).replace(",", "");

/** 12345 is "12k": room is short beside an axis. */
export const shortNumber = (value) => (value >= 1e6 ? `${+(value / 1e6).toFixed(1)}M` : value >= 1e3 ? `${+(value / 1e3).toFixed(1)}k` : String(value));
