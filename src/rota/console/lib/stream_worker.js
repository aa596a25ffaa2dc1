// One stream of events for all tabs: browsers allow six connections to a host, and each tab would hold one for ever.
import { Follower } from "./follower.js";

const ports = new Set();
let follower = null;
let state = null;

function tell(message) {
  if (message.type === "state") state = message;
  for (const port of ports) port.postMessage(message);
}

/** @type {any} */ (self).onconnect = ({ ports: [port] }) => {
  ports.add(port);
  port.onmessage = ({ data }) => {
    if (data.type === "follow") {
      follower ??= new Follower(data.url, tell);
      follower.start();
      if (state?.state === "live") port.postMessage({ ...state, away: null });
    }
    if (data.type === "leave") ports.delete(port);
    if (ports.size === 0) { follower?.stop(); follower = null; state = null; }
  };
  port.start();
};
