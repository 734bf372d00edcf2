// Regions of China by their six-digit codes, and reading a pasted address.
import { Problem, say } from './kit.js';

let loading;
export function loadRegions(address) {
  loading ??= fetch(address).then((answer) => {
    if (!answer.ok) throw new Problem(say('region_failed'));
    return answer.json();
  }).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** Without the unseen marks of writing direction that come along when a number or a name is copied. */
export const seen = (text) => text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');

export const clean = (phone) => seen(phone).replace(/[\s-]/g, '').replace(/^\+?86(?=1\d{10}$)/, '');

export function regionText(regions, code) {
  const names = [regions.province_list[`${code.slice(0, 2)}0000`], regions.city_list[`${code.slice(0, 4)}00`], regions.county_list[code]];
  return names.filter((name, at) => name && name !== names[at - 1]).join(' ');
}

const ENDINGS = /(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|地区|省|市)$/;
const short = (name) => name.replace(ENDINGS, '');

/** The name at the start of `text`, full or short, as [code, rest of the text]. */
function take(text, list, start) {
  for (const [code, name] of Object.entries(list)) {
    if (!code.startsWith(start)) continue;
    if (text.startsWith(name)) return [code, text.slice(name.length)];
    const brief = short(name);
    if (brief.length > 1 && text.startsWith(brief)) return [code, text.slice(brief.length).replace(/^(省|市|自治区)/, '')];
  }
  return [null, text];
}

const BETWEEN = /^[\s,，;；、]+/;
const begin = (text) => text.replace(BETWEEN, '');

/** County and the rest of an address text; a city may be left out, and so may a province. */
function readRegion(text, regions) {
  const [province, afterProvince] = take(text, regions.province_list, '');
  const [city, afterCity] = take(begin(afterProvince), regions.city_list, province ? province.slice(0, 2) : '');
  if (!province && !city) return null;
  const [county, rest] = take(begin(afterCity), regions.county_list, (city ?? province).slice(0, city ? 4 : 2));
  if (!county) return null;
  return { region_code: county, region: regionText(regions, county), detail: begin(rest).replace(/\s+/g, ' ').trim() };
}

const PHONE = /(^|\D)(?:\+?86[ -]?)?(1[3-9]\d(?:[ -]?\d){8})(?!\d)/;
const LABELS = /(收货人|收件人|姓名|联系人|手机(?:号码?)?|电话|联系方式|所在地区|地区|详细地址|收货地址|地址)\s*[:：]/g;
const A_NAME = /^(.*\S)[\s,，;；、]+([\u4e00-\u9fa5]{2,4}|[\u4e00-\u9fa5]+(?:·[\u4e00-\u9fa5]+)+)$/;

/** {name, phone, region_code, region, detail} as far as a pasted text tells them. */
export function readPasted(text, regions) {
  const found = {};
  let rest = seen(text);
  const phone = rest.match(PHONE);
  if (phone) {
    found.phone = phone[2].replace(/[ -]/g, '');
    rest = rest.replace(phone[0], `${phone[1]} `);
  }
  rest = rest.replace(LABELS, ' ').trim();
  for (const start of [0, ...[...rest.matchAll(/[\s,，;；、]+/g)].map((gap) => gap.index + gap[0].length)]) {
    const region = readRegion(rest.slice(start), regions);
    if (!region) continue;
    const last = region.detail.match(A_NAME);
    if (start > 0) found.name = rest.slice(0, start).replace(/[\s,，;；、]+/g, ' ').trim().slice(0, 30);
    else if (last) [, region.detail, found.name] = last;
    return Object.assign(found, region);
  }
  return found;
}
