"use strict";

// Four kinds of client in one room of Config/gateway.json, each in the few lines that it takes.
//
// Socket.IO, the JSON WebSocket and long-polling say join("lobby", name) and message("lobby", text). EventSource can only
// listen: its endpoint puts it into the room. All get message("lobby", { name, text }).

const ROOM = "lobby";
const KEPT_MESSAGES = 100;
const PAUSE_MS = 1000;

// ------------------------------------------------------------------------------------------------ what is shown

/** One column: its state, its messages, and a line to say something where the client can. */
class Panel {
  constructor(id, title, how, say) {
    const here = document.getElementById(id);
    const head = element("div", undefined, "kind-head");
    this.pill = element("span", "", "pill");
    this.pill.setAttribute("role", "status");
    head.append(element("h2", title), this.pill);
    this.list = element("ol", undefined, "messages");
    this.list.setAttribute("role", "log");
    this.list.setAttribute("aria-label", `Messages of ${title}`);
    this.list.tabIndex = 0;
    const foot = say ? this.form(title, say) : element("p", "listens only", "how");
    here.append(head, element("p", how, "how"), this.list, foot);
    this.state("connecting");
  }

  form(title, say) {
    const form = element("form", undefined, "row");
    const input = element("input");
    input.maxLength = 2000;
    input.autocomplete = "off";
    input.placeholder = "Say something";
    input.setAttribute("aria-label", `Say something by ${title}`);
    const button = element("button", "Send");
    button.type = "submit";
    form.append(input, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (!text) return;
      input.value = "";
      say(text);
    });
    return form;
  }

  state(state) {
    this.pill.dataset.state = state;
    this.pill.textContent = state;
  }

  /** An event of the gateway, with its arguments. */
  got(event, args) {
    if (event !== "message" || args[0] !== ROOM) return;
    const item = element("li");
    const from = element("span", undefined, "from");
    from.append(element("b", args[1].name));
    item.append(from, element("span", args[1].text, "text"));
    this.list.append(item);
    while (this.list.childElementCount > KEPT_MESSAGES) this.list.firstElementChild.remove();
    this.list.scrollTop = this.list.scrollHeight;
  }
}

/** What came from other people goes through textContent, here and nowhere else. */
function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function address(path) {
  return new URL(path, document.baseURI);
}

function pause() {
  // Not all at once after a restart.
  return new Promise((done) => setTimeout(done, PAUSE_MS * (1 + Math.random())));
}

// ------------------------------------------------------------------------------------------------ the four

function bySocketIO() {
  const name = "Socket.IO";
  let socket;
  const panel = new Panel("socketio", name, "the stock client", (text) => socket.emit("message", ROOM, text));
  if (typeof io === "undefined") return panel.state("client missing");
  socket = io({ path: address("socket.io/").pathname });
  socket.on("connect", () => socket.emit("join", ROOM, name, () => panel.state("connected")));
  socket.on("disconnect", () => panel.state("disconnected"));
  socket.on("message", (...args) => panel.got("message", args));
}

function byWebSocket() {
  const name = "WebSocket";
  let socket;
  const say = (event, ack, ...args) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ event, args, ack }));
  };
  const speak = (text) => say("message", undefined, ROOM, text);
  const panel = new Panel("websocket", name, "one JSON object for each message", speak);
  const open = () => {
    const url = address("ws");
    url.protocol = url.protocol.replace("http", "ws");
    socket = new WebSocket(url);
    socket.onopen = () => say("join", 1, ROOM, name);
    socket.onmessage = ({ data }) => {
      const { event, args, ack } = JSON.parse(data);
      if (event) panel.got(event, args);
      else if (ack === 1) panel.state("connected");
    };
    socket.onclose = async () => {
      panel.state("disconnected");
      await pause();
      open();
    };
  };
  open();
}

function byEventSource() {
  const panel = new Panel("eventsource", "EventSource", "server-sent events; the browser comes back by itself");
  const open = () => {
    const source = new EventSource(address("events"));
    source.onopen = () => panel.state("connected");
    source.onerror = async () => {
      panel.state("disconnected");
      // A refusal ends it, anything else does not.
      if (source.readyState !== EventSource.CLOSED) return;
      await pause();
      open();
    };
    source.addEventListener("message", ({ data }) => panel.got("message", JSON.parse(data)));
  };
  open();
}

async function byLongPolling() {
  const name = "Long-polling";
  let cursor = "";
  const request = async (body) => {
    const url = address("poll");
    if (cursor) url.searchParams.set("cursor", cursor);
    const answer = await fetch(url, { method: body ? "POST" : "GET", body, cache: "no-store" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer;
  };
  const say = (event, ack, ...args) =>
    request(JSON.stringify({ event, args, ack })).catch(() => panel.state("disconnected"));
  const speak = (text) => say("message", undefined, ROOM, text);
  const panel = new Panel("longpoll", name, "one request after the other, by fetch", speak);
  for (;;) {
    try {
      const answer = await (await request()).json();
      const isNew = cursor === "" || "recovered" in answer;
      cursor = answer.cursor;
      for (const { event, args, ack } of answer.events) {
        if (event) panel.got(event, args);
        else if (ack === 1) panel.state("connected");
      }
      if (isNew) await say("join", 1, ROOM, name);
    } catch {
      panel.state("disconnected");
      await pause();
    }
  }
}

bySocketIO();
byWebSocket();
byEventSource();
byLongPolling();
