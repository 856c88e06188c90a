#!/usr/bin/env bash
# npm start: set up, then trace this machine's ip_vs, or the lab's where that cannot be.
set -euo pipefail
cd "$(dirname "$0")/../.."
src/scripts/setup.sh run
command=("$(command -v node)" dist/src/cli/main.js serve --trace --or-lab "$@")
# Attaching needs root; the lab does not.
if [ "$(id -u)" -ne 0 ] && [ -e /proc/net/ip_vs ]; then
  command=(sudo "${command[@]}")
fi
exec "${command[@]}"
