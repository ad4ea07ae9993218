#!/usr/bin/env bash
# Builds the gateway and serves the chat demo. Arguments are handed to `gatehouse run`; without any, it is
# `-c Config/gateway.json`.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/packages.sh"
cd "$root"

step "System libraries"
need_packages libssl-dev zlib1g-dev libsqlite3-dev python3
need_swift

# Only the demo page needs the client; without it the page says how to get it.
"$root/Deploy/client.sh" || true

step "Building the gateway (release; the first time takes some minutes)"
swift build -c release --product gatehouse
gatehouse="$(swift build -c release --show-bin-path)/gatehouse"

if [ $# -eq 0 ]; then
    set -- -c Config/gateway.json
    address="$(python3 -c 'import json; print(json.load(open("Config/gateway.json"))["listeners"][0]["address"])')"
    step "The demo is at http://$address/ (open it twice; Ctrl-C ends it)"
fi
exec "$gatehouse" run "$@"
