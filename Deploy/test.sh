#!/usr/bin/env bash
# Everything that must hold: builds, unit tests, formatting, then real clients against the real gateway.
# Arguments are handed to pytest, for example: Deploy/test.sh -k upgrade
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/packages.sh"
cd "$root"

step "System libraries, Node packages, a browser, proxies"
need_packages libssl-dev zlib1g-dev libsqlite3-dev python3 python3-venv python3-pip systemd node-ws \
    node-xmlhttprequest chromium chromium-driver openssl curl node-faye-websocket node-undici \
    libmojolicious-perl golang-go golang-github-gorilla-websocket-dev golang-nhooyr-websocket-dev \
    testssl.sh sslscan nghttp2-client
for server in nginx haproxy caddy; do
    (PATH="$PATH:/usr/sbin" && command -v "$server" >/dev/null) && continue
    need_packages "$server"
    # Debian starts what it installs; the tests start their own, on ports of their own.
    ! command -v systemctl >/dev/null || as_root systemctl disable --now --quiet "$server" 2>/dev/null || true
done
command -v node >/dev/null || need_packages nodejs
need_swift
"$root/Deploy/client.sh"

step "Python packages (.venv-tests)"
venv="$root/.venv-tests"
requirements="$root/Tests/Integration/requirements.txt"
if ! cmp -s "$requirements" "$venv/installed.txt"; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
    cp "$requirements" "$venv/installed.txt"
fi

old="$root/Tests/Integration/requirements-eio3.txt"
if ! cmp -s "$old" "$venv/eio3/installed.txt"; then
    rm -rf "$venv/eio3"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$venv/eio3" --requirement "$old"
    cp "$old" "$venv/eio3/installed.txt"
fi

step "Building the gateway and its tests (debug)"
swift build --build-tests
GATEHOUSE_BINARY="$(swift build --show-bin-path)/gatehouse"
export GATEHOUSE_BINARY

step "Unit tests"
# The simulators keep every core busy; what has sockets and clocks is tested apart from them.
swift test --skip-build --skip GatewayTests
swift test --skip-build --filter GatewayTests

step "Formatting"
if swift format --version >/dev/null 2>&1; then
    swift format lint --recursive --parallel --strict Sources Tests Package.swift
else
    echo "skipped: this toolchain has no swift-format"
fi

step "Integration tests"
export NODE_PATH="${NODE_PATH:-/usr/share/nodejs}"
# Most tests wait most of the time: four run at once. What measures has the machine to itself.
chosen=0
run_tests() {
    local status=0
    "$venv/bin/python" -m pytest Tests/Integration "$@" || status=$?
    # pytest's 5: the arguments have chosen none of these.
    case "$status" in
    0) chosen=1 ;;
    5) ;;
    *) exit "$status" ;;
    esac
}
run_tests -m "not alone" -n 4 --dist worksteal "$@"
run_tests -m alone "$@"
((chosen)) || fail "no test is called that: $*"

step "All passed"
