"""python-socketio under uvicorn: `echo` is acknowledged with its data, `bcast` goes to everyone. Argument: the port."""

import sys

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")


@server.event
async def echo(sid, data):
    return data


@server.event
async def bcast(sid, data):
    await server.emit("bcast", data)


uvicorn.run(socketio.ASGIApp(server), host="127.0.0.1", port=int(sys.argv[1]), log_level="error", backlog=4096)
