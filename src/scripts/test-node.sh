#!/usr/bin/env bash
# npm run test:node: unit, native and lifecycle tests on other versions of Node, fetched from npm.
#   test-node.sh [VERSION...]   these versions or release lines, 20 22 24 26 unless named
# They are kept in ipvscope/node of the user's cache directory.
set -euo pipefail
cd "$(dirname "$0")/../.."
versions=("$@")
[ ${#versions[@]} -gt 0 ] || versions=(20 22 24 26)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ipvscope/node
package=node-linux-$(node -p process.arch)
# Loading BPF programs needs root, here as in use.
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)

say() { printf '\ntest: %s\n' "$*" >&2; }
tests() { find "$@" -name '*.test.js' | sort; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
summary=()
failed=0
# Runs tests and adds a line with their totals to the summary.
run() {
  local name=$1 verdict=passed totals
  shift
  say "$name"
  "$@" | tee "$log" || { verdict=FAILED failed=1; }
  totals=$(sed -n -E 's/^ℹ (tests|pass|fail|skipped) ([0-9]+)$/\1 \2/p' "$log" | paste -sd, | sed 's/,/, /g')
  summary+=("$name: $verdict; ${totals:-no totals}")
}

npm run --silent build:ts
for version in "${versions[@]}"; do
  npm install --prefix "$cache/$version" --no-save --no-audit --no-fund --loglevel=error "$package@$version" >&2
  node=$cache/$version/node_modules/$package/bin/node
  name="Node $("$node" --version)"
  # Tests that start `node` by its name get this one, too.
  PATH=$(dirname "$node"):$PATH
  # shellcheck disable=SC2046 # one argument a file
  run "$name, unit" "$node" --test --test-timeout=120000 --test-reporter=spec $(tests dist/test/unit dist/test/bench)
  # shellcheck disable=SC2046
  run "$name, native and lifecycle" "${root[@]}" "$node" --test --test-timeout=120000 --test-reporter=spec \
    $(tests dist/test/native)
done
say 'versions of Node'
printf '%s\n' "${summary[@]}"
exit "$failed"
