"""A backend that does what a test tells it to: a scripted HTTP server on a thread of its own."""

import json
import queue
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OLD_KEY = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="


class Call:
    """One request that the gateway made."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def event(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.method} {self.path} {self.body[:300]!r}>"


class Raw:
    """Bytes to be written as they are, instead of an HTTP answer; then the connection is closed or reset."""

    def __init__(self, data=b"", reset=False):
        self.data, self.reset = data, reset

    def __repr__(self):
        return f"Raw({self.data!r}, reset={self.reset})"


class Backend:
    """`answer(call)` decides: a dict → 200 with JSON, None → 204, an int → that status, (status, headers, body), or Raw."""

    def __init__(self, answer=lambda call: None, port=0):
        self.answer = answer
        self.calls = queue.Queue()
        self.seen = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.released = threading.Event()
        self.lock = threading.Lock()
        self.server = _Server(("127.0.0.1", port), _Handler)
        self.server.backend = self
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/events"

    def handler(self, **options):
        return {"type": "http", "url": self.url, "timeout": "2s", "signingKeys": [KEY]} | options

    def next(self, seconds=5):
        """The next call that was made."""
        try:
            return self.calls.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"no call within {seconds} s") from None

    def hang(self, _call=None):
        """An answer that comes only when `released` is set."""
        self.released.wait(60)

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.server.drop_connections()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.connections = set()

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def drop_connections(self):
        """Kept connections outlive a server that only stops to listen."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def handle_error(self, request, client_address):
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_call(self):
        backend = self.server.backend
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        call = Call(self.command, self.path, self.headers, body)
        with backend.lock:
            backend.seen.append(call)
            backend.in_flight += 1
            backend.most_in_flight = max(backend.most_in_flight, backend.in_flight)
        backend.calls.put(call)
        try:
            self.write_answer(backend.answer(call))
        finally:
            with backend.lock:
                backend.in_flight -= 1

    do_POST = do_GET = do_PUT = do_OPTIONS = handle_one_call

    def write_answer(self, answer):
        if isinstance(answer, Raw):
            self.close_connection = True
            if answer.data:
                self.wfile.write(answer.data)
            if answer.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()
            return
        if answer is None:
            status, headers, body = 204, {}, b""
        elif isinstance(answer, int):
            status, headers, body = answer, {}, b""
        elif isinstance(answer, tuple):
            status, headers, body = answer
        else:
            status, headers, body = 200, {"content-type": "application/json"}, json.dumps(answer, separators=(",", ":")).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204 and "content-length" not in {name.lower() for name in headers}:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass
