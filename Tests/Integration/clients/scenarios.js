"use strict";
const assert = require("node:assert/strict");
const { connect, eventually, next, run, tell } = require("./stock_client.js");

run({
  async events(options, way) {
    const socket = await connect(options);
    if (way === "upgrade") await eventually(() => socket.io.engine.transport.name === "websocket", "the upgrade");
    else assert.equal(socket.io.engine.transport.name, way);
    const echoed = next(socket, "echo");
    socket.emit("echo", 1, "zwei ✓ 😀", { three: [3, null, true] });
    assert.deepEqual(await echoed, [1, "zwei ✓ 😀", { three: [3, null, true] }]);
    assert.deepEqual(await socket.timeout(5000).emitWithAck("ask", { a: 1 }), { a: 1 });
    assert.equal(await socket.timeout(5000).emitWithAck("ask", null), null);
  },

  async binary(options) {
    const socket = await connect(options);
    const bytes = Uint8Array.from({ length: 70000 }, (_, i) => i % 256);
    const echoed = next(socket, "echo");
    socket.emit("echo", { deep: [bytes.buffer, "text"] }, new Uint8Array(0).buffer);
    const [first, second] = await echoed;
    assert.deepEqual(new Uint8Array(first.deep[0]), bytes);
    assert.equal(first.deep[1], "text");
    assert.equal(new Uint8Array(second).length, 0);
    const answer = await socket.timeout(5000).emitWithAck("ask", bytes.buffer);
    assert.deepEqual(new Uint8Array(answer), bytes);
  },

  async rooms(options, way) {
    const [one, two, three] = await Promise.all([connect(options), connect(options), connect(options)]);
    const room = `js ${way}`;
    for (const socket of [one, two]) {
      assert.deepEqual(await socket.timeout(5000).emitWithAck("join", room), { ok: true });
    }
    const heard = [];
    for (const socket of [one, two, three]) socket.on("said", (...values) => heard.push(values));
    three.emit("say", room, "hello");
    await eventually(() => heard.length === 2, "both hear it");
    await three.timeout(5000).emitWithAck("ask", "flush");
    assert.deepEqual(heard, [[room, "hello"], [room, "hello"]]);
  },

  async namespaces(options) {
    const custom = await connect(options, "/custom");
    const everyone = next(custom, "all");
    custom.emit("all", "in custom");
    assert.deepEqual(await everyone, ["in custom"]);
    await assert.rejects(connect(options, "/unknown"), { message: "Invalid namespace" });
  },

  async volatile(options) {
    const socket = await connect(options);
    const echoed = next(socket, "echo");
    await eventually(() => socket.io.engine.transport.writable, "a writable transport");
    socket.volatile.emit("echo", "perhaps");
    const answer = await Promise.race([echoed, socket.timeout(5000).emitWithAck("ask", "flush")]);
    assert.ok(answer);
  },

  async order(options) {
    // Sent from the first moment on, so that an upgrade happens in the middle of it.
    const socket = await connect(options);
    const got = [];
    socket.on("echo", (number) => got.push(number));
    for (let number = 0; number < 1000; number++) {
      socket.emit("echo", number);
      if (number % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await eventually(() => got.length >= 1000, "a thousand echoes", 15000);
    assert.deepEqual(got, Array.from({ length: 1000 }, (_, number) => number));
  },

  async question(options) {
    const socket = await connect(options);
    socket.on("question", (first, second, answer) => answer("got", first, second));
    assert.equal(await tell(socket.id), "answered");
  },

  async reasons(options) {
    const out = await connect(options);
    const left = next(out, "disconnect");
    out.emit("out");
    assert.equal((await left)[0], "io server disconnect");

    const kicked = await connect(options);
    const ended = next(kicked, "disconnect");
    kicked.emit("kick");
    const [reason] = await ended;
    assert.ok(["transport close", "transport error"].includes(reason), reason);
  },

  async comeback(options) {
    const socket = await connect({ ...options, reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 500 });
    const before = socket.id;
    const dropped = next(socket, "disconnect", 20000);
    const restarted = tell("restart");
    const [reason] = await dropped;
    assert.ok(["transport close", "transport error"].includes(reason), reason);
    const back = next(socket, "connect", 20000);
    assert.equal(await restarted, "restarted");
    if (!socket.connected) await back;
    assert.notEqual(socket.id, before);
    assert.equal(await socket.timeout(5000).emitWithAck("ask", "back"), "back");
  },

  async recovery(options) {
    const socket = await connect({ ...options, reconnection: true, reconnectionDelay: 50 });
    const got = [];
    socket.on("n", (number) => got.push(number));
    assert.deepEqual(await socket.timeout(5000).emitWithAck("join", "news"), { ok: true });
    assert.equal(await tell(socket.id), "three were sent");
    await eventually(() => got.length === 3, "three events");
    const before = socket.id;
    for (const round of [1, 2]) {
      // The connection breaks without a word; what comes before the client is back has to be made up for.
      const back = next(socket, "connect", 20000);
      socket.io.engine.close();
      assert.equal(await tell("gone"), "two were sent");
      await back;
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, before);
      await eventually(() => got.length === 3 + 2 * round, "what was missed");
    }
    assert.equal(await socket.timeout(5000).emitWithAck("ask", "quiet"), "quiet");
    assert.deepEqual(got, [0, 1, 2, 3, 4, 5, 6]);
  },

  async restart(options) {
    const socket = await connect({ ...options, reconnection: true });
    const got = [];
    socket.on("n", (number) => got.push(number));
    assert.equal(await tell(socket.id), "one was sent");
    await eventually(() => got.length === 1, "an event");
    const before = socket.id;
    const back = next(socket, "connect", 30000);
    const restarted = tell("restart");
    await back;
    assert.equal(socket.recovered, true);
    assert.equal(socket.id, before);
    assert.equal(await restarted, "restarted");
    await eventually(() => got.length === 2, "the next event");
    assert.deepEqual(got, [0, 1]);
  },

  async refusal(options) {
    let error;
    await connect({ ...options, auth: { token: "bad" } }).catch((refused) => (error = refused));
    assert.equal(error.message, "not authorized");
    assert.deepEqual(error.data, { code: "E_AUTH" });
    await connect({ ...options, auth: { token: "good" } });
  },
});
