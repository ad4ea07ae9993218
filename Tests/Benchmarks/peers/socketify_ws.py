"""socketify (uWebSockets inside): /echo answers with the message, /room passes it on to everyone there."""

import sys

from socketify import App, CompressOptions

app = App()
common = {"compression": CompressOptions.DISABLED, "max_payload_length": 1 << 20, "idle_timeout": 120}
app.ws("/echo", common | {"message": lambda ws, message, opcode: ws.send(message, opcode)})


def passed_on(ws, message, opcode):
    # To all who subscribe, then to the sender, who is not among them by the library's rule.
    ws.publish("room", message, opcode)
    ws.send(message, opcode)


app.ws("/room", common | {"open": lambda ws: ws.subscribe("room"), "message": passed_on})
app.listen({"port": int(sys.argv[1]), "host": "127.0.0.1"})
app.run()
