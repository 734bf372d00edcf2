import { act, app, refresh } from "./app.js";
import { el, find, moment, redraw, toast } from "./kit.js";
import { entryNodes } from "./chat.js";

const view = { page: "chat", typing: false, profile: null, share: null };
const web = () => find("[data-web]");

export function openPage(url, { fromChat = false } = {}) {
  if (!/^https?:\/\//.test(url)) {
    toast(url ? `这里打不开：${url}` : "这条消息没有链接");
    return;
  }
  // Web authorisation is silent for followers who come from the chat or the menu.
  document.cookie = `sandbox_entry=${fromChat ? "chat" : ""}; path=/; SameSite=Lax; max-age=${fromChat ? 300 : 0}`;
  view.page = "web";
  view.share = null;
  web().src = url;
  layout();
}

function reloadPage() {
  // The page is of another origin, and only the browser knows where its links have led: away and back loads it anew.
  web().addEventListener("load", () => history.back(), { once: true });
  web().contentWindow.location.href = "about:blank";
}

export function toChat() {
  if (view.page === "web") web().src = "about:blank";
  view.page = "chat";
  view.profile = null;
  layout();
}

export function showProfile(code) {
  view.page = "chat";
  view.profile = code;
  layout();
  find("[data-profile] .go")?.focus();
}

function layout() {
  const away = view.page === "web" || Boolean(view.profile);
  web().hidden = view.page !== "web";
  find("[data-chat]").hidden = view.page === "web";
  find("[data-foot]").hidden = away;
  find("[data-phone-back]").hidden = !away;
  const box = find("[data-profile]");
  box.hidden = !view.profile;
  const { account, me } = app.state;
  if (view.profile) {
    box.replaceChildren(
      el("span", { class: "mark", "aria-hidden": "true" }, account.name[0]),
      el("h3", {}, account.name),
      el("p", {}, "服务号，已认证"),
      el("p", {}, `二维码场景：${view.profile.scene}`),
      el("button", { type: "button", class: "go", onclick: async () => {
        if (await act("follow", { qr_url: view.profile.url })) toChat();
      } }, "关注公众号"),
      el("button", { type: "button", onclick: toChat }, "先不关注"),
    );
  }
  find("[data-phone-title]").textContent = view.page === "web" ? "网页" : me ? account.name : "微信";
}

function drawFoot(box, { me, menu, typing }) {
  if (!me) {
    box.replaceChildren(el("span", { class: "hint" }, "先在右边选一位微信用户"));
    return;
  }
  if (!me.follows) {
    box.replaceChildren(el("button", { type: "button", class: "wide", "data-key": "follow", onclick: () => act("follow") }, "关注公众号"));
    return;
  }
  if (typing || !menu.length) {
    const input = el("input", { name: "text", "aria-label": "发消息", autocomplete: "off", "data-key": "say" });
    box.replaceChildren(
      ...(menu.length ? [el("button", { type: "button", class: "keyboard", "aria-label": "显示菜单", "data-key": "swap", onclick: swap }, "☰")] : []),
      el("form", { onsubmit: async (event) => {
        event.preventDefault();
        const text = input.value;
        input.value = "";
        await act("text", { text });
      } }, input, el("button", {}, "发送")),
    );
    return;
  }
  box.replaceChildren(
    el("button", { type: "button", class: "keyboard", "aria-label": "写消息", "data-key": "swap", onclick: swap }, "⌨"),
    ...menu.map((button, index) => topButton(button, index)),
  );
}

function swap() {
  view.typing = !view.typing;
  drawPhone(app.state);
  find('[data-foot] [data-key="say"]')?.focus();
}

function topButton(button, index) {
  const below = button.sub_button || [];
  const holder = el("div", { class: "holder" });
  const opener = el("button", {
    type: "button", class: "top-button", "data-key": `menu-${index}`,
    ...(below.length ? { "aria-haspopup": "true", "aria-expanded": "false" } : {}),
    onclick: () => (below.length ? toggle(holder, opener, below, index) : tap([index])),
  }, below.length ? `≡ ${button.name}` : button.name);
  holder.append(opener);
  return holder;
}

function closePops() {
  document.querySelectorAll(".pop").forEach((pop) => {
    pop.previousSibling.setAttribute("aria-expanded", "false");
    pop.remove();
  });
}

function toggle(holder, opener, below, index) {
  const open = holder.querySelector(".pop");
  closePops();
  if (open) return;
  opener.setAttribute("aria-expanded", "true");
  holder.append(el("div", { class: "pop" }, ...below.map((one, place) => el("button", {
    type: "button", onclick: () => { closePops(); tap([index, place]); },
  }, one.name))));
  holder.querySelector(".pop button").focus();
}

async function tap(path) {
  const answer = await act("menu", { path });
  if (answer?.result === "open") openPage(answer.url, { fromChat: true });
  else if (answer?.result === "text") toast(answer.text);
}

export function drawPhone(state) {
  const { me, phone, people, account } = state;
  if (redraw("[data-chat]", { me: me?.openid, chat: phone?.chat ?? [] }, (box, { chat }) => {
    const nodes = [];
    let last = 0;
    for (const entry of chat) {
      if (Math.abs(entry.at - last) > 300) nodes.push(el("p", { class: "time" }, moment.dated(entry.at)));
      last = entry.at;
      nodes.push(...entryNodes(entry, { me, account, people }));
    }
    if (!me) nodes.push(el("p", { class: "note" }, "选一位微信用户，手机就是 TA 的"));
    else if (!chat.length) nodes.push(el("p", { class: "note" }, "还没有消息。扫码、关注，或直接打开商城"));
    box.replaceChildren(...nodes);
    box.scrollTop = box.scrollHeight;
  })) {
    find("[data-chat]").scrollTop = find("[data-chat]").scrollHeight;
  }
  redraw("[data-foot]", { me: me && { follows: me.follows }, menu: phone?.menu ?? [], typing: view.typing }, drawFoot);
  if (view.page === "chat") layout();
}

function moreItems() {
  const shop = app.state.account.shop_url;
  const item = (words, go) => el("button", { type: "button", role: "menuitem", onclick: () => { closeSheet(); go(); } }, words);
  if (view.page !== "web") return [item("打开商城", () => openPage(`${shop}/`))];
  const friends = app.state.people.filter((p) => p.openid !== app.state.me?.openid);
  return [
    item("回到商城首页", () => openPage(`${shop}/`)),
    item("重新打开这一页", reloadPage),
    item("在新标签页打开", () => window.open(web().src, "_blank", "noopener")),
    ...(view.share ? friends.slice(0, 6).map((friend) => item(`转发给 ${friend.nickname}`, async () => {
      if (await act("share", { to: friend.openid, title: view.share.title, desc: view.share.desc, link: view.share.link, picture: view.share.imgUrl })) toast(`已转发给 ${friend.nickname}，换 TA 拿手机就能看到`);
    })) : [el("p", {}, "这一页没有设置转发内容")]),
  ];
}

function closeSheet() {
  find("[data-sheet]").hidden = true;
  find("[data-phone-more]").setAttribute("aria-expanded", "false");
}

export function startPhone() {
  find("[data-phone-back]").addEventListener("click", toChat);
  find("[data-phone-more]").addEventListener("click", () => {
    const sheet = find("[data-sheet]");
    if (!sheet.hidden) return closeSheet();
    sheet.replaceChildren(...moreItems());
    sheet.hidden = false;
    find("[data-phone-more]").setAttribute("aria-expanded", "true");
    return sheet.querySelector("button").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    closePops();
    closeSheet();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".holder")) closePops();
    if (!event.target.closest("[data-sheet], [data-phone-more]")) closeSheet();
  });
  window.addEventListener("message", (event) => {
    if (event.source !== web().contentWindow || event.data?.source !== "jweixin") return;
    if (event.data.op === "close") toChat();
    if (event.data.op === "share") view.share = event.data.data;
    refresh();
  });
}
