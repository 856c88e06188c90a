#!/usr/bin/env bash
# Builds the addon.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PATH:/usr/sbin" # bpftool is there, and not every user's PATH has it
# The headers that came with Node spare node-gyp a download.
prefix=$(dirname "$(dirname "$(node -p process.execPath)")")
if [ -z "${npm_config_nodedir:-}" ] && [ -e "$prefix/include/node/node_api.h" ]; then
  export npm_config_nodedir="$prefix"
fi
exec node-gyp configure build
