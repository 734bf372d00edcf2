"use strict";
// Stand-in for the JS-SDK and for the bridge that the WeChat client puts into every page.
(() => {
  const home = new URL(document.currentScript.src).origin;
  const waiting = new Map();
  const onReady = [];
  let onError = () => {};
  let settled = "";
  let failure = null;
  let next = 1;
  let frame = null;
  let bridgeReady = null;

  const whenParsed = new Promise((done) => {
    if (document.body) done();
    else document.addEventListener("DOMContentLoaded", () => done());
  });

  function bridge() {
    bridgeReady ||= whenParsed.then(() => new Promise((done) => {
      frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "微信沙箱";
      frame.src = `${home}/jssdk/bridge`;
      waiting.set("ready", done);
      document.body.append(frame);
    }));
    return bridgeReady;
  }

  async function ask(op, data) {
    await bridge();
    return new Promise((done) => {
      const id = next++;
      waiting.set(id, done);
      frame.contentWindow.postMessage({ source: "jweixin", id, op, data }, home);
    });
  }

  window.addEventListener("message", (event) => {
    if (event.origin !== home || !event.data) return;
    if (event.data.source === "sandbox-bridge") {
      const key = event.data.ready ? "ready" : event.data.id;
      const done = waiting.get(key);
      waiting.delete(key);
      if (done) done(event.data.answer);
    }
  });

  function tellPhone(message) {
    if (window.top !== window) window.top.postMessage({ source: "jweixin", ...message }, home);
  }

  // ---- payment sheets -------------------------------------------------------------------------------------
  function sheet(path, params) {
    return whenParsed.then(() => new Promise((done) => {
      const before = document.activeElement;
      const overlay = document.createElement("iframe");
      overlay.title = "微信支付";
      overlay.src = `${home}${path}?${new URLSearchParams(params)}`;
      const look = {
        position: "fixed", inset: "0", width: "100%", height: "100%", border: "0", zIndex: "2147483647",
        background: "transparent", colorScheme: "light",
      };
      Object.assign(overlay.style, look);
      const scroll = document.documentElement.style.overflow;
      document.documentElement.style.overflow = "hidden";
      const heard = (event) => {
        if (event.origin !== home || event.source !== overlay.contentWindow) return;
        if (!event.data || event.data.type !== "sandbox-cashier") return;
        window.removeEventListener("message", heard);
        document.documentElement.style.overflow = scroll;
        overlay.remove();
        if (before && before.focus) before.focus();
        done(event.data.result);
      };
      window.addEventListener("message", heard);
      document.body.append(overlay);
      overlay.focus();
    }));
  }

  const invocations = {
    getBrandWCPayRequest: (params) => sheet("/cashier", params),
    requestMerchantTransfer: (params) => {
      if (settled !== "ok") return Promise.resolve("fail_no permission, wx.config first");
      return sheet("/cashier/transfer", params);
    },
  };

  window.WeixinJSBridge = {
    invoke(name, params, callback = () => {}) {
      const call = invocations[name];
      if (!call) {
        callback({ err_msg: `${name}:fail_not supported in the sandbox` });
        return;
      }
      call(params || {}).then((result) => callback({ err_msg: `${name}:${result}` }));
    },
    call(name) {
      if (name === "closeWindow") tellPhone({ op: "close" });
    },
    on() {},
  };

  // ---- wx -----------------------------------------------------------------------------------------------
  function finish(options, name, result, extra = {}) {
    const answer = { ...extra, errMsg: `${name}:${result}` };
    if (result === "ok" && options.success) options.success(answer);
    else if (result === "cancel" && options.cancel) options.cancel(answer);
    else if (result !== "ok" && options.fail) options.fail(answer);
    if (options.complete) options.complete(answer);
  }

  function afterConfig(name, act) {
    return (options = {}) => {
      if (settled === "ok") act(options);
      else finish(options, name, "fail, the permission value is offline verifying");
    };
  }

  const share = (name) => afterConfig(name, (options) => {
    tellPhone({ op: "share", data: { title: options.title, desc: options.desc, link: options.link, imgUrl: options.imgUrl } });
    finish(options, name, "ok");
  });

  const wx = {
    config(options) {
      settled = "";
      const page = location.href.split("#")[0];
      ask("config", { ...options, url: page }).then((answer) => {
        settled = answer.ok ? "ok" : "failed";
        failure = { errMsg: `config:${answer.ok ? "ok" : answer.message}` };
        if (options.debug) console.info("wx.config", failure.errMsg);
        if (answer.ok) onReady.splice(0).forEach((act) => act());
        else onError(failure);
      });
    },
    ready(act) {
      if (settled === "ok") act();
      else onReady.push(act);
    },
    error(act) {
      onError = act;
      if (settled === "failed") act(failure);
    },
    checkJsApi(options = {}) {
      const known = new Set([...Object.keys(wx), ...Object.keys(invocations)]);
      const checkResult = Object.fromEntries((options.jsApiList || []).map((name) => [name, known.has(name)]));
      finish(options, "checkJsApi", "ok", { checkResult });
    },
    updateAppMessageShareData: share("updateAppMessageShareData"),
    updateTimelineShareData: share("updateTimelineShareData"),
    onMenuShareAppMessage: share("onMenuShareAppMessage"),
    onMenuShareTimeline: share("onMenuShareTimeline"),
    chooseWXPay: afterConfig("chooseWXPay", (options) => {
      const params = {
        appId: options.appId || wx.appId, timeStamp: String(options.timestamp), nonceStr: options.nonceStr,
        package: options.package, signType: options.signType, paySign: options.paySign,
      };
      sheet("/cashier", params).then((result) => finish(options, "chooseWXPay", result));
    }),
    scanQRCode: afterConfig("scanQRCode", (options) => {
      const text = window.prompt("扫一扫：输入二维码里的内容");
      if (text) finish(options, "scanQRCode", "ok", { resultStr: text });
      else finish(options, "scanQRCode", "cancel");
    }),
    openAddress: afterConfig("openAddress", (options) => {
      finish(options, "openAddress", "ok", {
        userName: "王小明", telNumber: "13800000000", provinceName: "上海市", cityName: "上海市",
        countryName: "黄浦区", detailInfo: "人民大道 200 号", nationalCode: "310101", postalCode: "200003",
      });
    }),
    getLocation: afterConfig("getLocation", (options) => {
      finish(options, "getLocation", "ok", { latitude: 31.2304, longitude: 121.4737, speed: 0, accuracy: 30 });
    }),
    getNetworkType: afterConfig("getNetworkType", (options) => {
      finish(options, "getNetworkType", "ok", { networkType: "wifi" });
    }),
    closeWindow() {
      tellPhone({ op: "close" });
    },
    hideOptionMenu() {},
    showOptionMenu() {},
    hideMenuItems() {},
    showMenuItems() {},
    hideAllNonBaseMenuItem() {},
    showAllNonBaseMenuItem() {},
    previewImage() {},
  };
  const plainConfig = wx.config;
  wx.config = (options) => {
    wx.appId = options.appId;
    plainConfig(options);
  };
  window.wx = wx;
  window.jWeixin = wx;

  // ---- the open tag that asks for subscription notices ---------------------------------------------------
  customElements.define("wx-open-subscribe", class extends HTMLElement {
    connectedCallback() {
      const template = this.querySelector("template, script[type='text/wxtag-template']");
      const root = this.shadowRoot || this.attachShadow({ mode: "open" });
      const markup = new DOMParser().parseFromString(template ? template.innerHTML || template.textContent : "", "text/html");
      root.replaceChildren(...markup.body.childNodes);
      if (!root.childNodes.length) root.textContent = "订阅通知";
      this.tabIndex = 0;
      this.setAttribute("role", "button");
      this.addEventListener("click", () => this.popup());
      this.addEventListener("keydown", (event) => {
        if (event.key === "Enter") this.popup();
      });
    }

    popup() {
      const wanted = (this.getAttribute("template") || "").split(",").map((id) => id.trim()).filter(Boolean).slice(0, 5);
      if (!wanted.length || settled !== "ok") {
        this.dispatchEvent(new CustomEvent("error", { detail: { errMsg: "subscribe:fail", errCode: 10001 } }));
        return;
      }
      const answer = window.confirm(`允许这个公众号给你发 ${wanted.length} 种订阅通知各一次吗`) ? "accept" : "reject";
      const answers = Object.fromEntries(wanted.map((id) => [id, answer]));
      ask("notices", { answers }).then((result) => {
        if (result.ok === false) {
          this.dispatchEvent(new CustomEvent("error", { detail: { errMsg: result.message, errCode: 10003 } }));
          return;
        }
        const details = Object.fromEntries(wanted.map((id) => [id, JSON.stringify({ status: answer })]));
        this.dispatchEvent(new CustomEvent("success", {
          detail: { errMsg: "subscribe:ok", subscribeDetails: JSON.stringify(details) },
        }));
      });
    }
  });

  whenParsed.then(() => document.dispatchEvent(new Event("WeixinJSBridgeReady")));
})();
