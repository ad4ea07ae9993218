"use strict";

// A chat on nothing but routes of the gateway: Config/gateway.json has no backend behind it.
//
//   we send    join(room, name) → ack, leave(room) → ack, message(room, text) → ack, typing(room), here(room, to)
//   we get     joined(room, who), here(room, who), left(room, id), gone(id), typing(room, who), message(room, {…who, text})
//
// Who is in a room is known by nobody but those in it: each answers the newcomer's "joined" with "here".

const $ = (id) => document.getElementById(id);

const FIRST_ROOMS = ["lobby", "kitchen", "workshop"];
const TYPING_SHOWN_MS = 3000;
const TYPING_SENT_EVERY_MS = 1500;
const KEPT_MESSAGES = 300;
const NAME_KEY = "gatehouse-demo-name";

/** room name → { joined, unread, people: Map(id → name), messages: [], typing: Map(id → { name, until }) } */
const rooms = new Map();
let current = FIRST_ROOMS[0];
let socket;
let lastTypingSent = 0;

// ------------------------------------------------------------------------------------------------ what we know

function room(name) {
  if (!rooms.has(name)) {
    rooms.set(name, { joined: false, unread: 0, people: new Map(), messages: [], typing: new Map() });
  }
  return rooms.get(name);
}

function myName() {
  return $("name").value.trim() || "guest";
}

function append(name, message) {
  const there = room(name);
  there.messages.push(message);
  if (there.messages.length > KEPT_MESSAGES) there.messages.shift();
  if (name === current) showMessage(message);
  else if (message.text !== undefined) there.unread += 1;
  showRooms();
}

function note(name, text) {
  append(name, { note: text, at: new Date() });
}

// ------------------------------------------------------------------------------------------------ what is shown

/** Everything that came from other people goes through textContent, here and nowhere else. */
function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function showRooms() {
  const list = $("rooms");
  list.replaceChildren(...[...rooms].map(([name, there]) => {
    const button = element("button", name);
    button.type = "button";
    button.setAttribute("aria-current", String(name === current));
    if (there.unread) {
      const count = element("span", String(there.unread), "count");
      count.setAttribute("aria-label", `${there.unread} unread`);
      button.append(count);
    }
    button.addEventListener("click", () => enter(name));
    const item = element("li");
    item.append(button);
    return item;
  }));
}

function showPeople() {
  const people = room(current).people;
  const names = [...people].map(([id, name]) => (socket && id === socket.id ? `${name} (you)` : name)).sort();
  $("people").replaceChildren(...names.map((name) => element("li", name)));
  $("count").textContent = String(names.length);
}

function showMessage(message) {
  const list = $("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  if (message.note) {
    list.append(element("li", message.note, "note"));
  } else {
    const item = element("li", undefined, message.mine ? "mine" : "");
    const from = element("span", undefined, "from");
    const time = element("time", message.at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
    time.dateTime = message.at.toISOString();
    from.append(element("b", message.name), time);
    item.append(from, element("span", message.text, "text"));
    list.append(item);
  }
  while (list.childElementCount > KEPT_MESSAGES) list.firstElementChild.remove();
  if (atEnd || message.mine) list.scrollTop = list.scrollHeight;
}

function showTyping() {
  const now = Date.now();
  const typing = room(current).typing;
  for (const [id, one] of typing) if (one.until <= now) typing.delete(id);
  const names = [...typing.values()].map((one) => one.name);
  let text = "";
  if (names.length === 1) text = `${names[0]} is typing …`;
  else if (names.length > 1) text = `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are typing …`;
  if ($("typing").textContent !== text) $("typing").textContent = text;
}

function showRoom() {
  $("title").textContent = current;
  $("messages").replaceChildren();
  room(current).unread = 0;
  room(current).messages.forEach(showMessage);
  $("leave").disabled = rooms.size < 2;
  showRooms();
  showPeople();
  showTyping();
}

function showConnection(state, detail) {
  $("connection").dataset.state = state;
  $("connection").textContent = detail || state;
  $("say").querySelector("button").disabled = state !== "connected";
}

function showTransport(name, from) {
  const pill = $("transport");
  pill.dataset.transport = name || "";
  pill.dataset.from = from || "";
  pill.textContent = name || "no transport";
  pill.title = from ? `upgraded from ${from}` : "";
}

// ------------------------------------------------------------------------------------------------ what we do

function join(name) {
  const there = room(name);
  there.people.clear();
  socket.emit("join", name, myName(), (answer) => {
    if (!answer || !answer.ok) return note(name, "The room did not let you in.");
    there.joined = true;
    there.people.set(answer.id, myName());
    if (Array.isArray(answer.history)) {
      // A backend may keep messages (see Config/examples/webhook.json); the gateway alone does not.
      there.messages = answer.history.map((one) => ({ ...one, at: new Date(one.at), mine: one.id === socket.id }));
      if (name === current) showRoom();
    }
    if (name === current) showPeople();
  });
}

function enter(name) {
  current = name;
  const known = room(name).joined;
  if (!known && socket.connected) join(name);
  showRoom();
}

function leave() {
  const name = current;
  if (rooms.size < 2) return;
  if (room(name).joined) socket.emit("leave", name, () => {});
  rooms.delete(name);
  enter(rooms.keys().next().value);
}

function say(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text || !socket.connected) return;
  const name = current;
  socket.timeout(10000).emit("message", name, text, (failed, answer) => {
    if (failed || !answer || !answer.ok) note(name, "That message did not get through.");
  });
  $("text").value = "";
  lastTypingSent = 0;
}

function typing() {
  const now = Date.now();
  if (!socket.connected || !$("text").value || now - lastTypingSent < TYPING_SENT_EVERY_MS) return;
  lastTypingSent = now;
  socket.volatile.emit("typing", current);
}

// ------------------------------------------------------------------------------------------------ what happens

function listen() {
  socket.on("connect", () => {
    showConnection("connected");
    for (const [name, there] of rooms) if (there.joined || name === current) join(name);
  });

  socket.on("disconnect", (reason) => {
    showConnection("disconnected", `disconnected: ${reason}`);
    showTransport("");
    for (const there of rooms.values()) there.people.clear();
    showPeople();
  });

  socket.on("connect_error", (error) => {
    if (socket.active) showConnection("connecting", "reconnecting");
    else showConnection("refused", `refused: ${error.message}`);
  });

  socket.io.on("open", () => {
    const engine = socket.io.engine;
    const first = engine.transport.name;
    showTransport(first);
    engine.on("upgrade", (transport) => showTransport(transport.name, first));
  });
  socket.io.on("reconnect_attempt", () => showConnection("connecting", "reconnecting"));

  socket.on("joined", (name, who) => {
    if (!rooms.has(name)) return;
    const before = room(name).people.get(who.id);
    room(name).people.set(who.id, who.name);
    if (before === undefined) note(name, `${who.name} came in`);
    else if (before !== who.name) note(name, `${before} is now ${who.name}`);
    if (room(name).joined) socket.emit("here", name, who.id);
    if (name === current) showPeople();
  });

  socket.on("here", (name, who) => {
    if (!rooms.has(name)) return;
    room(name).people.set(who.id, who.name);
    if (name === current) showPeople();
  });

  socket.on("left", (name, id) => {
    if (rooms.has(name)) forget(name, id);
  });

  socket.on("gone", (id) => {
    for (const name of rooms.keys()) forget(name, id);
  });

  socket.on("typing", (name, who) => {
    if (!rooms.has(name)) return;
    room(name).typing.set(who.id, { name: who.name, until: Date.now() + TYPING_SHOWN_MS });
    if (name === current) showTyping();
  });

  socket.on("message", (name, message) => {
    if (!rooms.has(name)) return;
    room(name).typing.delete(message.id);
    append(name, { name: message.name, text: message.text, at: new Date(), mine: message.id === socket.id });
    if (name === current) showTyping();
  });
}

function forget(name, id) {
  const there = room(name);
  if (there.people.has(id)) note(name, `${there.people.get(id)} left`);
  there.people.delete(id);
  there.typing.delete(id);
  if (name === current) {
    showPeople();
    showTyping();
  }
}

// ------------------------------------------------------------------------------------------------ the start

function start() {
  if (typeof io === "undefined") {
    $("missing").hidden = false;
    showConnection("refused", "client missing");
    return;
  }
  $("app").hidden = false;

  const asked = new URLSearchParams(location.search);
  $("name").value = asked.get("name") || sessionStorage.getItem(NAME_KEY) || `guest ${Math.floor(100 + Math.random() * 900)}`;
  FIRST_ROOMS.forEach(room);
  if (asked.get("room")) current = asked.get("room");

  const path = new URL("socket.io/", document.baseURI).pathname;
  // ?transports=polling shows what a client behind a proxy without WebSocket gets.
  const transports = (asked.get("transports") || "polling,websocket").split(",");
  socket = io({ path, transports, auth: (give) => give({ name: myName() }) });

  listen();
  showRoom();

  $("enter").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = $("room").value.trim();
    $("room").value = "";
    if (name) enter(name);
    $("text").focus();
  });
  $("who").addEventListener("submit", (event) => {
    event.preventDefault();
    $("text").focus();
  });
  $("name").addEventListener("change", () => {
    sessionStorage.setItem(NAME_KEY, myName());
    for (const [name, there] of rooms) if (there.joined && socket.connected) join(name);
  });
  $("leave").addEventListener("click", leave);
  $("say").addEventListener("submit", say);
  $("text").addEventListener("input", typing);
  setInterval(showTyping, 500);
}

start();
