"""What must never be seen: every secret that a test used, looked for in everything that its gateways said.

Tests register nothing by hand: `conftest.py` sees each token that is made, each handshake, each header that carries one.
"""

import pathlib
import re

# Shorter ones occur by chance.
SHORTEST = 12

_secrets = {}
_session_ids = set()
_files = []


def secret(value, kind):
    """A text that no log, metric or dump may contain."""
    if isinstance(value, str) and len(value) >= SHORTEST:
        _secrets.setdefault(value, kind)
    return value


def session_id(value):
    """The id of a session, by which it could be taken over."""
    _session_ids.add(value)
    return value


def headers(given):
    """The secrets in the headers of a request."""
    for name, value in (given or {}).items():
        name = name.lower()
        if name == "authorization":
            secret(value.partition(" ")[2].strip(), "Authorization")
        elif name == "cookie":
            for pair in value.split(";"):
                secret(pair.partition("=")[2].strip(), "a cookie")


def configuration(node):
    """The secrets of a gateway's configuration."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("secret", "token"):
                secret(value, f"the option {key}")
            elif key == "signingKeys":
                for one in value:
                    secret(one, "a signing key")
                    secret(one.removeprefix("whsec_"), "a signing key")
            else:
                configuration(value)
    elif isinstance(node, list):
        for one in node:
            configuration(one)
    elif isinstance(node, str):
        credentials = re.match(r"[a-z][a-z0-9+.-]*://([^/@?#]+)@", node, re.I)
        if credentials:
            secret(credentials[1], "the credentials of a URL")
            secret(credentials[1].partition(":")[2], "the password of a URL")


def watch(path):
    """A file that a gateway wrote, or that shows what one said."""
    _files.append(pathlib.Path(path))


def found():
    """One line for each place where a secret stands: file, line, kind."""
    places = []
    word = re.compile(r"[A-Za-z0-9_-]{20,}")
    for path in dict.fromkeys(_files):
        if not path.exists():
            continue
        text = path.read_text(errors="replace")
        hits = [(text.find(one), kind) for one, kind in _secrets.items() if one in text]
        for match in word.finditer(text):
            run = match[0]
            if any(run[start:start + 20] in _session_ids for start in range(len(run) - 19)):
                hits.append((match.start(), "a session id"))
        places += [f"{path}:{text.count(chr(10), 0, at) + 1}: {kind}" for at, kind in hits[:20]]
    return places


def counts():
    return {"secrets": len(_secrets), "session ids": len(_session_ids), "files": len(_files)}
