"""Clients whose bytes are counted and not looked at: as many as a test has, on one thread."""

import selectors
import threading


class Readers:
    """Reads from clients as fast as they are sent something, until it is stopped."""

    def __init__(self, clients):
        self.counts = [len(client.buffer) for client in clients]
        self.ended = [False] * len(clients)
        self.stopped = threading.Event()
        self.selector = selectors.DefaultSelector()
        for index, client in enumerate(clients):
            self.selector.register(client.sock, selectors.EVENT_READ, index)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped.is_set():
            for key, _ in self.selector.select(0.1):
                part = key.fileobj.recv(1 << 20)
                self.counts[key.data] += len(part)
                if not part:
                    self.ended[key.data] = True
                    self.selector.unregister(key.fileobj)

    def stop(self):
        self.stopped.set()
        self.thread.join()
        self.selector.close()
