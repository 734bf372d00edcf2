import { call, el, find, moment, redraw, toast } from "./kit.js";
import { app, refresh } from "./app.js";

const STATES = { waiting: ["待发", "wait"], sending: ["在发", "wait"], done: ["送达", "ok"], failed: ["失败", "bad"], lost: ["丢弃", "bad"] };
const FACES = { oa: "公众号", pay: "支付", page: "页面" };
const GROUPS = [["消息推送", "push_"], ["公众号接口", ["api_", "token_", "ip_", "template_"]], ["支付通知", "notice_"]];
const open = new Set();
let onlyRefused = false;

function groupOf(name) {
  const found = GROUPS.find(([, starts]) => [starts].flat().some((start) => name.startsWith(start)));
  return found ? found[0] : "支付、退款与转账";
}

async function arm(name, armed, times = 1) {
  await call("faults", { name, armed, times });
  await refresh();
}

export function drawFaults(box, faults) {
  const groups = new Map();
  for (const fault of faults) {
    const group = groupOf(fault.name);
    groups.set(group, [...(groups.get(group) || []), fault]);
  }
  box.replaceChildren(...[...groups].flatMap(([group, list]) => [el("h3", { class: "group" }, group), ...list.map(faultRow)]));
}

function faultRow(fault) {
  const words = fault.title.replace(/^[^：]+：/, "");
  const choice = (title, on, go) => el("button", { type: "button", "aria-pressed": String(on), "data-key": `${fault.name}-${title}`, onclick: go }, title);
  return el("div", { class: fault.armed ? "switch on" : "switch" },
    el("span", {}, words, fault.armed && fault.remaining > 1 ? `（还有 ${fault.remaining} 次）` : ""),
    el("div", { class: "segment", role: "group", "aria-label": words },
      choice("关", !fault.armed, () => arm(fault.name, false)),
      choice("一次", fault.armed && fault.remaining !== null, () => arm(fault.name, true, 1)),
      choice("一直", fault.armed && fault.remaining === null, () => arm(fault.name, true, null))));
}

function block(title, text) {
  return text ? [el("h3", {}, title), el("pre", { tabindex: "0" }, pretty(text))] : [];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function record(key, look, summary, ...inside) {
  return el("details", { class: look, open: open.has(key), ontoggle: (event) => {
    if (event.target.open) open.add(key);
    else open.delete(key);
  } }, el("summary", { "data-key": key }, ...summary), el("div", { class: "inside" }, ...inside));
}

export function drawDeliveries(deliveries) {
  const bad = deliveries.filter((d) => d.state === "failed").length;
  find("[data-count-deliveries]").textContent = bad ? String(bad) : "";
  redraw("[data-deliveries]", deliveries, (box) => {
    box.replaceChildren(...(deliveries.length ? deliveries.map(deliveryRow) : [el("p", { class: "empty" }, "还没有推送。关注、发消息或付款后就有了。")]));
  });
}

function deliveryRow(d) {
  const [word, look] = STATES[d.state];
  const tries = d.attempt > 1 ? `，第 ${d.attempt} 次` : "";
  const next = d.state === "waiting" && d.attempt ? `，${moment.short(d.due_at)} 再试` : "";
  const flags = d.flags.map((flag) => ({ forged: "伪造签名", duplicate: "重复", signtest: "验签探测" })[flag]).filter(Boolean);
  return record(`d${d.id}`, "", [
    el("time", {}, moment.short(d.created_at)), el("span", { class: `tag ${look}` }, word),
    el("span", { class: "what" }, d.title, flags.length ? `（${flags.join("、")}）` : "", el("small", {}, `${d.verdict || "等待发送"}${tries}${next}`)),
  ],
  ...block("内容", d.payload), ...block("发出的正文", d.last_sent), ...block(`商城的应答 ${d.last_status || ""}`, d.last_answer),
  el("div", {}, el("button", { type: "button", class: "small", onclick: async () => {
    if (await call(`deliveries/${d.id}/again`, {})) { toast("马上再发一次"); refresh(); }
  } }, "再发一次")));
}

export function drawJournal(journal) {
  const refused = journal.filter((entry) => entry.verdict === "refused").length;
  find("[data-count-journal]").textContent = refused ? String(refused) : "";
  const shown = onlyRefused ? journal.filter((entry) => entry.verdict === "refused") : journal;
  redraw("[data-journal]", shown, (box) => {
    box.replaceChildren(...(shown.length ? shown.map(journalRow) : [el("p", { class: "empty" }, onlyRefused ? "没有被拒绝的请求。" : "商城还没有发来请求。")]));
  });
}

function journalRow(entry) {
  const refused = entry.verdict === "refused";
  return record(`j${entry.id}`, refused ? "refused" : "", [
    el("time", {}, moment.short(entry.at)), el("span", { class: refused ? "tag bad" : "tag ok" }, refused ? "拒绝" : FACES[entry.face]),
    el("span", { class: "what" }, `${entry.method} ${entry.path.replace(/access_token=[^&]+&?/, "").replace(/[?&]$/, "")}`, entry.reason && el("small", {}, entry.reason)),
  ],
  ...block("请求", entry.sent), ...block(`应答 HTTP ${entry.status}，${entry.took_ms} 毫秒`, entry.answered));
}

export function startRecords() {
  find("[data-only-refused]").addEventListener("change", (event) => {
    onlyRefused = event.target.checked;
    drawJournal(app.state.journal);
  });
}
