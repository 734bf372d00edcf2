import { call, find, moment } from "./kit.js";
import { drawPanel, startPanel } from "./panel.js";
import { drawPhone, startPhone } from "./phone.js";

const POLL_MS = 1000;
export const app = { state: null };
let running = null;
let again = false;

export async function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = (async () => {
    const state = await fetch("/control/api/state").then((r) => r.json()).catch(() => null);
    if (state) {
      app.state = state;
      drawPhone(state);
      drawPanel(state);
    }
  })();
  await running;
  running = null;
  if (again) {
    again = false;
    await refresh();
  }
  return undefined;
}

export async function act(name, more = {}) {
  const answer = await call("act", { openid: app.state.me.openid, act: name, ...more });
  await refresh();
  return answer;
}

function showTime() {
  if (!app.state) return;
  const now = Date.now() / 1000 + app.state.clock.offset;
  find("[data-clock]").textContent = moment.full(now);
  find("[data-phone-time]").textContent = moment.brief(now);
}

startPhone();
startPanel();
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, POLL_MS);
setInterval(showTime, 500);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
