import { act } from "./app.js";
import { el } from "./kit.js";
import { openPage } from "./phone.js";

const MEDIA = { image: "［图片］", voice: "［语音］", video: "［视频］", mpnews: "［图文］" };

// Text of the account may hold links: those become links of the phone, everything else stays text.
function textNodes(text) {
  const parsed = new DOMParser().parseFromString(text.replaceAll("\n", "&#10;"), "text/html").body;
  const nodes = [];
  for (const part of parsed.childNodes) {
    if (part.nodeName === "A" && part.getAttribute("href")) nodes.push(link(part.getAttribute("href"), part.textContent));
    else nodes.push(...plainNodes(part.textContent));
  }
  return nodes;
}

function plainNodes(text) {
  return text.split(/(https?:\/\/[\w\-./?=&%#:~+@,;!]+)/).map((part, place) => (place % 2 ? link(part, part) : part));
}

function link(url, words) {
  return el("a", { href: url, onclick: (event) => { event.preventDefault(); openPage(url, { fromChat: true }); } }, words);
}

function bubble(side, { me, account }, ...inside) {
  const face = side === "user"
    ? el("img", { src: `/control/avatars/${me.avatar}/64`, alt: "我", width: "40", height: "40" })
    : el("span", { class: "mark", role: "img", "aria-label": account.name }, account.name[0]);
  return el("div", { class: `bubble ${side}` }, face, el("div", { class: "text" }, ...inside));
}

function newsCard(content, sender) {
  const [article] = content.articles;
  return el("button", { type: "button", class: "cardmsg news", onclick: () => openPage(article.url, { fromChat: true }) },
    article.picurl && el("img", { src: article.picurl, alt: "", loading: "lazy" }),
    el("span", { class: "words" }, sender && el("small", {}, sender), el("b", {}, article.title), el("small", {}, article.description || "")));
}

function ledgerCard(entry, { account }) {
  const { title, rows, url, notice } = entry.content;
  const paid = entry.kind === "pay";
  const from = paid ? "微信支付" : `${account.name} · ${notice ? "订阅通知" : "服务通知"}`;
  return el("section", { class: "cardmsg", "aria-label": title },
    el("p", { class: "from" }, el("span", { class: paid ? "mark pay" : "mark", "aria-hidden": "true" }, paid ? "¥" : account.name[0]), from),
    el("h3", {}, title),
    el("dl", {}, ...(rows || []).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    url && el("button", { type: "button", class: "more", onclick: () => openPage(url, { fromChat: true }) }, "查看详情", el("span", { "aria-hidden": "true" }, "›")));
}

export function entryNodes(entry, who) {
  const { kind, side, content } = entry;
  if (kind === "note") return [el("p", { class: "note" }, content.content)];
  if (kind === "text") return [bubble(side, who, ...(side === "user" ? [content.content] : textNodes(content.content)))];
  if (kind === "news") return [newsCard(content, content.from)];
  if (kind === "template" || kind === "pay") return [ledgerCard(entry, who)];
  if (kind === "media" && content.kind === "image") return [el("img", { class: "picture", src: content.url, alt: "公众号发来的图片" })];
  if (kind === "media") return [bubble(side, who, MEDIA[content.kind] || "［媒体］")];
  if (kind === "msgmenu") {
    return [bubble(side, who, ...textNodes(content.head), ...content.options.map((option) => el("button", {
      type: "button", class: "option", onclick: () => act("text", { text: option.content, menu_id: String(option.id) }),
    }, option.content)), ...textNodes(content.tail))];
  }
  return [bubble(side, who, `［${content.kind || kind}］${content.title || ""}`)];
}
