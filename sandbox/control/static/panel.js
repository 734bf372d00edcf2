import { act, app, refresh } from "./app.js";
import { call, el, find, moment, redraw, toast, yuan } from "./kit.js";
import { drawDeliveries, drawFaults, drawJournal, startRecords } from "./records.js";
import { openPage, showProfile, toChat } from "./phone.js";

const WINDOW_WORDS = { message: "来过消息", menu: "点过菜单", follow: "刚关注", scan: "刚扫码", pay: "付过款" };
const SWITCHES = {
  callback_mode: ["消息加密方式", ["safe", "compatible", "plain"], { safe: "安全模式", compatible: "兼容模式", plain: "明文模式" }],
  unionid: ["unionid（绑定开放平台）", ["on", "off"], { on: "有", off: "没有" }],
  quotas: ["接口每日额度", ["on", "off"], { on: "计算", off: "不限" }],
  custom_per_message: ["来一条消息可回几条客服消息"],
  ip_list: ["IP 白名单（逗号分隔，空为不限）"],
  hang_seconds: ["“不应答”挂起几秒"],
};

async function choose(openid) {
  if (!(await call("choose", { openid }))) return;
  toChat();
  await refresh();
}

function drawPeople(box, { people, me }) {
  if (!people.length) {
    box.replaceChildren(el("p", { class: "help" }, "还没有微信用户，先建一位。"));
    return;
  }
  box.replaceChildren(...people.map((person, index) => {
    const on = person.openid === me;
    return el("button", {
      type: "button", role: "radio", class: "person", "aria-checked": String(on), "data-key": person.openid,
      tabindex: on || (!me && index === 0) ? "0" : "-1", onclick: () => choose(person.openid),
      onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const all = [...box.children];
        all[(index + step + all.length) % all.length].focus();
      },
    },
    el("img", { src: `/control/avatars/${person.avatar}/64`, alt: "", width: "40", height: "40" }),
    el("span", {}, el("b", {}, person.nickname), el("small", {}, `${person.follows ? "已关注" : "未关注"} · ${yuan(person.balance_fen)}`)));
  }));
}

function drawActs(box, me) {
  const button = (words, go, look = "") => el("button", { type: "button", class: look, "data-key": words, onclick: go }, words);
  const buttons = [
    button("打开商城", () => openPage(`${app.state.account.shop_url}/`), "go"),
    me.follows ? button("取消关注", () => act("unfollow"), "danger") : button("关注公众号", () => act("follow")),
    button(me.blocked ? "恢复接收服务通知" : "拒收服务通知", () => act("block", { blocked: !me.blocked })),
    me.follows && button("发送位置", () => act("location")),
    button("撤回网页授权", () => act("revoke")),
    button("零钱加 100 元", async () => {
      if (await call("purse", { openid: me.openid, delta_fen: 10000 })) refresh();
    }),
  ];
  box.replaceChildren(...buttons.filter(Boolean));
}

function drawWaiting(box, { windows, orders, transfers }) {
  const rows = [];
  if (windows.length) {
    rows.push(el("ul", { class: "windows", "aria-label": "客服消息窗口" }, ...windows.map((w) =>
      el("li", {}, `${WINDOW_WORDS[w.kind]}：${w.hours}还能回${w.left === null ? "，条数不限" : ` ${w.left} 条`}`))));
  }
  for (const order of orders) {
    rows.push(el("div", { class: "due" }, el("span", {}, `待付款 ${yuan(order.total)} · ${order.description}`), el("small", { class: "faint" }, "在商城页面里付款")));
  }
  for (const transfer of transfers) {
    const { account } = app.state;
    const query = new URLSearchParams({ package: transfer.package_info, appId: account.appid });
    rows.push(el("div", { class: "due" }, el("span", {}, `待收款 ${yuan(transfer.amount)} · ${transfer.remark}`),
      el("button", { type: "button", class: "small go", "data-key": transfer.out_bill_no, onclick: () => openPage(`${location.origin}/cashier/transfer?${query}`) }, "收款")));
  }
  box.replaceChildren(...rows);
}

async function scan(text) {
  const answer = await act("scan", { text });
  if (!answer) return;
  if (answer.result === "profile") showProfile(answer);
  else if (answer.result === "open") openPage(answer.url);
  else if (answer.result === "scanned") { toChat(); toast("已扫码，公众号会收到推送"); } else toast(`二维码里是文字：${answer.text}`);
}

async function readPicture(file) {
  const form = new FormData();
  form.append("picture", file);
  const answer = await call("read-picture", form);
  if (!answer) return;
  find("[data-scan] input").value = answer.text;
  scan(answer.text);
}

function drawSms(box, messages) {
  if (!messages.length) {
    box.replaceChildren(el("li", { class: "help" }, "还没有短信。商城发的验证码会出现在这里。"));
    return;
  }
  box.replaceChildren(...messages.slice(0, 5).map((message) => el("li", { "data-key": String(message.id) },
    el("small", { class: "faint" }, `${message.phone} · ${moment.brief(message.at)}`), el("span", {}, message.text))));
}

function drawCodes(box, codes) {
  if (!codes.length) {
    box.replaceChildren(el("p", { class: "help" }, "商城生成的带参二维码会列在这里。"));
    return;
  }
  box.replaceChildren(...codes.map((code) => {
    const scene = code.scene_str || String(code.scene_id);
    return el("button", { type: "button", class: "code", "data-key": code.url, title: code.url, disabled: !code.live, onclick: () => scan(code.url) },
      el("img", { src: `/control/qr?text=${encodeURIComponent(code.url)}`, alt: "", loading: "lazy", width: "108", height: "108" }),
      el("span", {}, `${scene}${code.live ? "" : "（过期）"}`));
  }));
}

function drawSettings(box, switches) {
  box.replaceChildren(...Object.entries(SWITCHES).map(([name, [words, options, titles]]) => {
    const save = async (event) => {
      if (await call("switches", { name, value: event.target.value })) toast("已保存");
    };
    const input = options
      ? el("select", { "data-key": name, onchange: save }, ...options.map((o) => el("option", { value: o, selected: o === switches[name] }, titles[o])))
      : el("input", { "data-key": name, value: switches[name], onchange: save });
    return el("label", {}, words, input);
  }));
  box.onsubmit = (event) => event.preventDefault();
}

function drawNotices(box, notices) {
  box.replaceChildren(...notices.map((notice) => el("div", { class: "switch" },
    el("span", {}, `${notice.title}：还可发 ${notice.left} 次`),
    el("button", { type: "button", class: "small", onclick: () => act("notice_answer", { answers: { [notice.template_id]: "accept" } }) }, "允许一次"),
    el("button", { type: "button", class: "small", onclick: () => act("notice_answer", { answers: { [notice.template_id]: "reject" } }) }, "拒绝"),
    el("button", { type: "button", class: "small", onclick: () => act("notice_off", { template_id: notice.template_id }) }, "在设置里关闭"))));
}

const left = (seconds) => (seconds < 120 ? "2 分钟内" : `约 ${Math.max(1, Math.round(seconds / 3600))} 小时内`);

export function drawPanel(state) {
  const { me, phone, account, clock } = state;
  find("[data-account]").textContent = account.name;
  const badge = find("[data-offset]");
  badge.hidden = Math.abs(clock.offset) < 1;
  badge.textContent = `${clock.offset > 0 ? "快" : "慢"} ${(Math.abs(clock.offset) / 86400).toFixed(1).replace(".0", "")} 天`;
  redraw("[data-people]", { people: state.people, me: me?.openid }, drawPeople);
  document.querySelectorAll("[data-needs-me]").forEach((part) => { part.hidden = !me; });
  if (me) {
    redraw("[data-acts]", { openid: me.openid, follows: me.follows, blocked: me.blocked }, (box, shown) => drawActs(box, shown));
    const windows = phone.windows.map((w) => ({ kind: w.kind, left: w.left, hours: left(w.seconds) }));
    redraw("[data-waiting]", { windows, orders: phone.orders, transfers: phone.transfers }, drawWaiting);
    redraw("[data-notices]", phone.notices, drawNotices);
  }
  redraw("[data-codes]", state.qrcodes, drawCodes);
  redraw("[data-settings]", state.switches, drawSettings);
  redraw("[data-sms]", state.sms, drawSms);
  redraw("[data-faults]", state.faults, drawFaults);
  drawDeliveries(state.deliveries);
  drawJournal(state.journal);
}

function startTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const select = (tab) => {
    for (const one of tabs) {
      const on = one === tab;
      one.setAttribute("aria-selected", String(on));
      one.tabIndex = on ? 0 : -1;
      find(`#${one.getAttribute("aria-controls")}`).hidden = !on;
    }
    history.replaceState(null, "", `#${tab.id.slice(4)}`);
  };
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      next.focus();
      select(next);
    });
  });
  const named = tabs.find((tab) => tab.id === `tab-${location.hash.slice(1)}`);
  if (named) select(named);
}

export function startPanel() {
  startTabs();
  startRecords();
  find("[data-new-user]").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const created = await call("users", { nickname: form.nickname.value });
    if (!created) return;
    form.reset();
    choose(created.openid);
  });
  find("[data-scan]").addEventListener("submit", (event) => {
    event.preventDefault();
    scan(event.target.text.value);
  });
  const drop = find("[data-drop]");
  find("[data-picture]").addEventListener("change", (event) => {
    if (event.target.files[0]) readPicture(event.target.files[0]);
    event.target.value = "";
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files[0]) readPicture(event.dataTransfer.files[0]);
    });
  }
  for (const button of document.querySelectorAll("[data-travel]")) {
    button.addEventListener("click", async () => {
      const to = button.dataset.travel;
      if (await call("clock", to === "now" ? { offset: 0 } : { add: Number(to) })) await refresh();
      toast(to === "now" ? "回到现在了" : `已${button.textContent}`);
    });
  }
  find("[data-verify]").addEventListener("click", async () => {
    const result = find("[data-verify-result]");
    result.textContent = "正在校验…";
    const answer = await call("verify", {});
    result.textContent = answer ? answer.message : "";
  });
}
