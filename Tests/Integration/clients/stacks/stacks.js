// Carries out a plan with one WebSocket implementation of Node: node stacks.js ws|faye|browser < plan.json
// What a plan and the answer look like: test_websocket_stacks.py.

const { readFileSync } = require('fs')

const stacks = {
  ws(plan, on) {
    const WebSocket = require('ws')
    const socket = new WebSocket(plan.url, { perMessageDeflate: plan.deflate })
    socket.on('open', () => on.open(socket.extensions))
    socket.on('message', (data, isBinary) => on.message(isBinary ? data : data.toString()))
    socket.on('close', (code, reason) => on.close(code, reason.toString()))
    socket.on('error', on.error)
    return {
      send: (data) => socket.send(data),
      sendFragments: (parts) =>
        parts.forEach((part, index) =>
          socket.send(part, { fin: index === parts.length - 1, binary: typeof part !== 'string' })),
      close: (code, reason) => socket.close(code, reason),
    }
  },

  faye(plan, on) {
    const { Client } = require('faye-websocket')
    const socket = new Client(plan.url)
    socket.on('open', () => on.open(socket.headers?.['sec-websocket-extensions'] ?? ''))
    socket.on('message', (event) => on.message(event.data))
    socket.on('close', (event) => on.close(event.code, event.reason))
    socket.on('error', on.error)
    return { send: (data) => socket.send(data), close: (code, reason) => socket.close(code, reason) }
  },

  // The WebSocket of browsers, which Node has from undici.
  browser(plan, on) {
    const WebSocket = globalThis.WebSocket ?? require('undici').WebSocket
    const socket = new WebSocket(plan.url)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => on.open(socket.extensions)
    socket.onmessage = ({ data }) => on.message(typeof data === 'string' ? data : Buffer.from(data))
    socket.onclose = ({ code, reason }) => on.close(code, reason)
    return { send: (data) => socket.send(data), close: (code, reason) => socket.close(code, reason) }
  },
}

const plan = JSON.parse(readFileSync(0, 'utf8'))
const messages = plan.messages.map(({ text, base64 }) => text ?? Buffer.from(base64, 'base64'))
const answer = { extensions: '', echoed: 0, fragmented: 0 }
const expected = []

function fail(message) {
  console.error(message)
  process.exit(1)
}

function parts(message) {
  const size = Math.ceil(message.length / 5)
  const cut = (from, to) => (typeof message === 'string' ? message.slice(from, to) : message.subarray(from, to))
  return [0, 1, 2, 3, 4].map((index) => cut(index * size, (index + 1) * size))
}

function proceed() {
  if (plan.oversize) socket.send(Buffer.alloc(plan.oversize, 'ab12'))
  else socket.close(plan.close.code, plan.close.reason)
}

const socket = stacks[process.argv[2]](plan, {
  open(extensions) {
    answer.extensions = extensions
    // All at once: they come back in order.
    for (const message of messages) {
      expected.push(message)
      socket.send(message)
      if (!socket.sendFragments || message.length < 5) continue
      expected.push(message)
      socket.sendFragments(parts(message))
      answer.fragmented += 1
    }
    if (expected.length === 0) proceed()
  },
  message(data) {
    const wanted = expected[answer.echoed++]
    const same = typeof wanted === 'string' ? wanted === data : typeof data !== 'string' && wanted.equals(data)
    if (!same) fail(`message ${answer.echoed} is another: ${data.length} for ${wanted?.length}`)
    if (answer.echoed === expected.length) proceed()
  },
  close(code, reason) {
    console.log(JSON.stringify({ ...answer, code, reason }))
    process.exit(0)
  },
  error: (error) => plan.oversize || fail(error),
})
