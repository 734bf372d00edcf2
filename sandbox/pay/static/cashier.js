"use strict";
(() => {
  const sheet = document.querySelector(".sheet");
  const words = sheet.querySelector("[data-words]");
  const input = sheet.querySelector("input[name=password]");
  const confirmButton = sheet.querySelector("[data-confirm]");
  let result = (sheet.querySelector("[data-leave]") || { dataset: {} }).dataset.leave || "cancel";
  let busy = false;
  let left = false;

  function leave(how) {
    if (left) return;
    left = true;
    window.parent.postMessage({ type: "sandbox-cashier", result: how }, "*");
  }

  function say(text, wrong) {
    words.textContent = text;
    words.classList.toggle("wrong", Boolean(wrong));
  }

  function draw() {
    sheet.querySelectorAll(".boxes i").forEach((box, place) => {
      box.classList.toggle("full", place < input.value.length);
    });
  }

  async function act(body) {
    busy = true;
    try {
      const answer = await fetch(sheet.dataset.act, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        credentials: "same-origin",
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      return await answer.json();
    } catch {
      return { outcome: "unreachable", words: "沙箱没有应答，没有扣款，请重试" };
    } finally {
      busy = false;
    }
  }

  function finished(text) {
    result = "ok";
    const amount = sheet.querySelector(".amount");
    const done = document.createElement("section");
    done.className = "done";
    const tick = document.createElement("p");
    tick.className = "tick";
    tick.setAttribute("aria-hidden", "true");
    tick.textContent = "✓";
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    said.textContent = text;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "main";
    button.textContent = "完成";
    button.addEventListener("click", () => leave("ok"));
    done.append(tick, said, amount);
    sheet.replaceChildren(done, button);
    button.focus();
  }

  function stopped(answer) {
    result = answer.outcome === "insufficient_funds" ? "cancel" : "fail";
    say(answer.words, true);
    sheet.querySelectorAll("[data-keypad], .digits, [data-confirm]").forEach((part) => part.remove());
    const button = document.createElement("button");
    button.type = "button";
    button.className = "main plain";
    button.textContent = "返回商家";
    button.addEventListener("click", () => leave(result));
    sheet.append(button);
    button.focus();
  }

  async function pay() {
    const password = input.value;
    say("正在支付…");
    const answer = await act({ params: JSON.parse(sheet.dataset.params), password });
    input.value = "";
    draw();
    if (answer.outcome === "ok") finished(answer.words);
    else if (answer.outcome === "wrong_password" || answer.outcome === "unreachable") say(answer.words, true);
    else stopped(answer);
  }

  function press(key) {
    if (busy || !input || !input.isConnected) return;
    if (key === "back") input.value = input.value.slice(0, -1);
    else if (input.value.length < 6) input.value += key;
    draw();
    if (input.value.length === 6) pay();
  }

  sheet.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]");
    if (key) press(key.dataset.key);
    if (event.target.closest("[data-leave]")) leave(result);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && !busy) leave(result);
    if (/^[0-9]$/.test(event.key)) {
      event.preventDefault();
      press(event.key);
    }
    if (event.key === "Backspace") {
      event.preventDefault();
      press("back");
    }
  });

  if (input) {
    input.form.addEventListener("submit", (event) => event.preventDefault());
    input.addEventListener("input", () => {
      input.value = input.value.replace(/\D/g, "").slice(0, 6);
      draw();
      if (!busy && input.value.length === 6) pay();
    });
    input.focus();
  }

  if (confirmButton) {
    confirmButton.addEventListener("click", async () => {
      if (busy) return;
      confirmButton.disabled = true;
      const answer = await act({ package: sheet.dataset.package });
      if (answer.outcome === "ok") finished(answer.words);
      else stopped(answer);
    });
  }
})();
