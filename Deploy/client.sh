#!/usr/bin/env bash
# Fetches the stock Socket.IO JavaScript client (4.8.1, MIT), which the gateway can serve to browsers.
#
# It is taken from a wheel that carries the unmodified bundle, because package registries for JavaScript are not
# needed for anything else here. The wheel and the file are both checked against their known hashes.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/packages.sh"

target="$root/Config/demo/vendor/socket.io.min.js"
wheel_sha256=a2bd51642312d98aab6d8b641245d796ff1b89da5829777170bcc488140c3dcd
client_sha256=b0e735814f8dcfecd6cdb8a7ce95a297a7e1e5f2727a29e6f5901801d52fa0c5

matches() { [ -f "$2" ] && [ "$(sha256sum <"$2" | cut -d' ' -f1)" = "$1" ]; }

advice() {
    cat >&2 <<TEXT
The Socket.IO client could not be fetched. The gateway runs without it; only the demo page needs it.
To put it in place by hand, save socket.io.min.js 4.8.1 as
    Config/demo/vendor/socket.io.min.js
TEXT
    exit 1
}

if matches "$client_sha256" "$target"; then
    echo "Socket.IO client: already there"
    exit 0
fi
step "Socket.IO client"
python3 -m pip --version >/dev/null 2>&1 || need_packages python3 python3-pip

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
printf 'nicegui==3.18.0 --hash=sha256:%s\n' "$wheel_sha256" >"$work/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
    --dest "$work" --requirement "$work/requirements.txt" || advice
python3 - "$work" <<'PYTHON' || advice
import pathlib, sys, zipfile

work = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(next(work.glob("nicegui-*.whl"))) as wheel:
    (work / "client.js").write_bytes(wheel.read("nicegui/static/socket.io.min.js"))
PYTHON
matches "$client_sha256" "$work/client.js" || advice
mkdir -p "$(dirname "$target")"
mv "$work/client.js" "$target"
echo "Socket.IO client: Config/demo/vendor/socket.io.min.js"
