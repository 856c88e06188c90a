#!/usr/bin/env bash
# npm start: set up, then trace this machine's IPVS. Where this kernel cannot be traced, boot a
# kernel with IPVS in the lab, reproduce the incident there and serve its metrics on the same port.
#   start.sh [SERVE-OPTION...]
set -euo pipefail
cd "$(dirname "$0")/../.."
src/scripts/setup.sh run

ipvscope=("$(command -v node)" dist/src/cli/main.js)
serve=("${ipvscope[@]}" serve --trace "$@")
# Attaching needs root; the lab does not.
if [ "$(id -u)" -ne 0 ] && [ -e /proc/net/ip_vs ]; then
  serve=(sudo "${serve[@]}")
fi

trap 'exit 130' INT # exec below restores the default
code=0
output=$("${serve[@]}" --check 2>&1 >/dev/null) || code=$?
# Exit code 3: a prerequisite is missing. Any other failure is for the real run to report.
[ "$code" -eq 3 ] || exec "${serve[@]}"

port=$(sed -nE 's#.*metrics at http://[^ ]*:([0-9]+)/metrics.*#\1#p' <<<"$output" | head -n 1)
port=${port:-10962}
cat >&2 <<EOF
$(grep -oE 'ERR_[A-Z_]+: .*' <<<"$output" | tail -n 1)
this kernel cannot be traced: the lab reproduces the incident instead
its metrics are at http://127.0.0.1:$port/metrics here
EOF
exec "${ipvscope[@]}" lab --publish "$port" \
  reproduce rollout --loop --web.listen-address "0.0.0.0:$port"
