// Follows a stream of server-sent events by fetch: it knows why a stream ended, and resumes behind the last event.

const SHORTEST_MS = 500, LONGEST_MS = 4000, SILENCE_MS = 40000;

export class Follower {
  /**
   * `tell` gets {type: "state", state: "live" | "lost" | "signedOut", away}, {type: "event", id, kind, data}, and at the
   * beginning of a stream that says so {type: "opened", newest}: the number of the newest event that there is.
   */
  constructor(url, tell) {
    this.url = url;
    this.tell = tell;
    this.last = null;
    this.running = false;
    this.lostAt = null;
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.run();
  }

  stop() {
    this.running = false;
    this.abort?.abort();
  }

  async run() {
    let pause = SHORTEST_MS;
    while (this.running) {
      try {
        await this.follow();
        pause = SHORTEST_MS;
      } catch (error) {
        if (error.status === 401) {
          this.running = false;
          this.tell({ type: "state", state: "signedOut" });
          return;
        }
      }
      if (!this.running) return;
      if (this.lostAt === null) this.lostAt = Date.now();
      this.tell({ type: "state", state: "lost", since: this.lostAt });
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 1.6, LONGEST_MS);
    }
  }

  async follow() {
    this.abort = new AbortController();
    const headers = { Accept: "text/event-stream" };
    if (this.last !== null) headers["Last-Event-ID"] = this.last;
    const answer = await fetch(this.url, { headers, signal: this.abort.signal, credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) throw Object.assign(new Error("refused"), { status: answer.status });
    const away = this.lostAt === null ? null : Date.now() - this.lostAt;
    this.lostAt = null;
    this.tell({ type: "state", state: "live", away });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const watch = setTimeout(() => this.abort.abort(), SILENCE_MS);
      const { value, done } = await reader.read().finally(() => clearTimeout(watch));
      if (done) return;
      text += value;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        this.read(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
  }

  read(block) {
    const found = {};
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon >= 0) found[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
    }
    if (found.id !== undefined) this.last = found.id;
    const newest = /^newest (\d+)$/.exec(found[""] ?? "")?.[1];
    if (newest !== undefined) this.tell({ type: "opened", newest: Number(newest) });
    if (found.data === undefined) return;
    this.tell({ type: "event", id: found.id, kind: found.event, data: JSON.parse(found.data) });
  }
}
