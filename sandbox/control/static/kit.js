// Small helpers that every part of the page uses.
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list" && typeof value !== "string") node[name] = value;
    else if (value !== undefined && value !== false) node.setAttribute(name === "className" ? "class" : name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const find = (selector) => document.querySelector(selector);
export const yuan = (fen) => `¥${(fen / 100).toFixed(2)}`;

const zone = { timeZone: "Asia/Shanghai", hour12: false };
const full = new Intl.DateTimeFormat("zh-CN", { ...zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const short = new Intl.DateTimeFormat("zh-CN", { ...zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const brief = new Intl.DateTimeFormat("zh-CN", { ...zone, hour: "2-digit", minute: "2-digit" });
const dated = new Intl.DateTimeFormat("zh-CN", { ...zone, month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
export const moment = {
  full: (seconds) => full.format(seconds * 1000).replaceAll("/", "-"),
  short: (seconds) => short.format(seconds * 1000),
  brief: (seconds) => brief.format(seconds * 1000),
  dated: (seconds) => dated.format(seconds * 1000),
};

let toastTimer = 0;
export function toast(words, bad = false) {
  const box = find("[data-toast]");
  box.textContent = words;
  box.classList.toggle("bad", bad);
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, bad ? 6000 : 3000);
}

export async function call(path, data) {
  const form = data instanceof FormData;
  let response;
  try {
    response = await fetch(`/control/api/${path}`, data === undefined ? {} : {
      method: "POST",
      headers: form ? {} : { "Content-Type": "application/json" },
      body: form ? data : JSON.stringify(data),
    });
  } catch {
    toast("沙箱没有应答，操作没有生效", true);
    return null;
  }
  const answer = await response.json().catch(() => ({ message: `出错了（HTTP ${response.status}）` }));
  if (!response.ok) {
    toast(answer.message, true);
    return null;
  }
  return answer;
}

// Draws a part again only when what it shows has changed, so that focus and open details stay.
const drawn = new Map();
export function redraw(selector, data, draw) {
  const text = JSON.stringify(data);
  if (drawn.get(selector) === text) return false;
  drawn.set(selector, text);
  const box = find(selector);
  const focus = box.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  draw(box, data);
  if (focus) box.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus();
  return true;
}
