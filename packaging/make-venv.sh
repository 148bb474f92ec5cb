#!/bin/sh
# Makes the project's one .venv, or leaves it as it is when it already holds the locked set.
# Called by the Makefile. Prints one line a problem; everything else goes to build/setup.log.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
log=build/setup.log

fail() { echo "$1" >&2; exit 1; }

# 3.11 to 3.13: the first that is there, PYTHON first.
python=
for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Helios Desktop needs Python 3.11, 3.12 or 3.13 (qasync hangs on 3.14); found $("${PYTHON:-python3}" --version 2>&1 | head -n 1). Name another one: make PYTHON=/path/to/python3.12"

stamp=.venv/.locked
wanted=$("$python" -c 'import hashlib, pathlib, sys
print(sys.version_info[:2], *(hashlib.sha256(pathlib.Path(f).read_bytes()).hexdigest() for f in ("requirements.lock", "pyproject.toml")))')
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    echo "Setting up .venv from requirements.lock (once; about a minute) …"
    rm -rf .venv
    "$python" -m venv .venv >"$log" 2>&1 || fail "Python cannot make a virtual environment: install Debian's python3-venv (details in $log)"
    .venv/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock >>"$log" 2>&1 \
        || fail "The locked packages could not be installed: $(grep -m 1 -i error "$log" || tail -n 1 "$log") (details in $log)"
    .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable . >>"$log" 2>&1 \
        || fail "The project itself could not be installed: $(tail -n 1 "$log") (details in $log)"
    echo "$wanted" >"$stamp"
fi

# What Qt links against, even without a display; the second row only where there is one.
glib=libglib2.0-0
if command -v apt-cache >/dev/null 2>&1 && apt-cache show libglib2.0-0t64 >/dev/null 2>&1; then glib=libglib2.0-0t64; fi
packages="$glib libgl1 libegl1 libxkbcommon0 libdbus-1-3 libfontconfig1"
probe='import PySide6.QtGui'
if [ -n "${DISPLAY:-}${HELIOS_NEEDS_X11:-}" ]; then
    packages="$packages libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0 libx11-xcb1"
    probe="$probe, ctypes
for name in ('xcb-cursor.so.0', 'xcb-icccm.so.4', 'xcb-keysyms.so.1', 'xcb-shape.so.0', 'xkbcommon-x11.so.0', 'X11-xcb.so.1'): ctypes.CDLL('lib' + name)"
fi
if [ "$(uname -s)" = Linux ] && ! .venv/bin/python -c "$probe" >>"$log" 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing the system libraries that Qt needs: $packages"
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages; } >>"$log" 2>&1 \
            || fail "These system libraries could not be installed: $packages (details in $log)"
    else
        fail "Qt needs system libraries that are missing. On Debian or Ubuntu: sudo apt-get install --no-install-recommends $packages"
    fi
fi
