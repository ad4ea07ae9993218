// node-ws (Debian): /echo answers with the message, /room passes it on to everyone there. Argument: the port.
const { WebSocketServer } = require("ws");
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false });
const room = new Set();
server.on("connection", (socket, request) => {
    if (request.url.startsWith("/room")) {
        room.add(socket);
        socket.on("close", () => room.delete(socket));
        socket.on("message", (data) => { for (const member of room) member.send(data, { binary: false }); });
    } else {
        socket.on("message", (data) => socket.send(data, { binary: false }));
    }
});
