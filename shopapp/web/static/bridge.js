// The bridge that WeChat puts into its pages: waiting for it, and asking it for something.
import { api } from './kit.js';

const BRIDGE_WAIT_MS = 4000;
const CONFIG_WAIT_MS = 6000;

/** WeChat's bridge, null outside of WeChat. */
export function bridge() {
  if (window.WeixinJSBridge) return Promise.resolve(window.WeixinJSBridge);
  return new Promise((done) => {
    document.addEventListener('WeixinJSBridgeReady', () => done(window.WeixinJSBridge), { once: true });
    setTimeout(() => done(window.WeixinJSBridge ?? null), BRIDGE_WAIT_MS);
  });
}

/** What became of it: ok, cancel, or fail with or without a reason. `ok` says only that the sheet was shown. */
export const invoke = (found, name, request) => new Promise((done) => {
  found.invoke(name, request, (answer) => done(String(answer?.err_msg ?? '').split(':')[1] || 'fail'));
});

/** Whether this page may ask for `name`: has the shop sign its address for the JS-SDK first. */
export async function permitted(name) {
  if (!window.wx) return false;
  const signed = await api('GET', `/wechat/jssdk?url=${encodeURIComponent(location.href.split('#')[0])}`);
  return new Promise((done) => {
    const check = () => wx.checkJsApi({
      jsApiList: [name],
      success: (answer) => done(answer.checkResult?.[name] !== false),
      fail: () => done(false),
    });
    wx.config({ ...signed, jsApiList: [name] });
    wx.ready(check);
    wx.error(() => done(false));
    setTimeout(() => done(false), CONFIG_WAIT_MS);
  });
}
