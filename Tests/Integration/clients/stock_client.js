"use strict";
// The stock Socket.IO client in plain Node: what a browser has and Node lacks is put in place first.
// The file of the client is named by the environment variable CLIENT_FILE, the server by URL.
const { WebSocket } = require("ws");
const { XMLHttpRequest } = require("xmlhttprequest");

globalThis.WebSocket = WebSocket;
globalThis.FileReader ??= class {
  readAsDataURL(blob) {
    blob.arrayBuffer().then((bytes) => {
      this.result = `data:application/octet-stream;base64,${Buffer.from(bytes).toString("base64")}`;
      this.onload();
    });
  }
};
globalThis.XMLHttpRequest = XMLHttpRequest;

const io = require(process.env.CLIENT_FILE);
const open = new Set();

/** A client that is connected, or the promise's failure. */
function connect(options = {}, namespace = "/") {
  const socket = io(process.env.URL + namespace, { forceNew: true, reconnection: false, ...options });
  open.add(socket);
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", reject);
  });
}

/** The arguments of the next event of that name. */
function next(emitter, name, milliseconds = 5000) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no "${name}" within ${milliseconds} ms`)), milliseconds);
    emitter.once(name, (...values) => {
      clearTimeout(late);
      resolve(values);
    });
  });
}

/** Waits until `condition()` holds. */
async function eventually(condition, what, milliseconds = 5000) {
  const deadline = Date.now() + milliseconds;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Runs one named scenario of a file and reports by the exit code. */
function run(scenarios) {
  const scenario = scenarios[process.argv[2]];
  const way = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] }[process.argv[3]];
  scenario({ transports: way }, process.argv[3]).then(
    () => {
      for (const socket of open) socket.disconnect();
      process.exit(0);
    },
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}

/** Says something to the test and waits for its answer, a line each. */
const readline = require("node:readline").createInterface({ input: process.stdin });
const lines = readline[Symbol.asyncIterator]();
async function tell(line) {
  console.log(line);
  return (await lines.next()).value;
}

module.exports = { connect, next, eventually, run, tell };
