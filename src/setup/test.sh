#!/usr/bin/env bash
# npm test: everything. Unit, native and lifecycle tests run here; the kernel tests in the lab.
set -euo pipefail
cd "$(dirname "$0")/../.."
src/setup/setup.sh test

say() { printf '\ntest: %s\n' "$*" >&2; }
tests() { find "$@" -name '*.test.js' | sort; }
# Loading BPF programs needs root, here as in use.
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)

say 'formatting, lint, types, generated files'
src/setup/check.sh

say 'unit tests'
# shellcheck disable=SC2046 # one argument a file
node --test --test-timeout=120000 --test-reporter=spec $(tests dist/test/unit dist/test/bench)

say 'the real ring and its lifecycle'
# shellcheck disable=SC2046
"${root[@]}" "$(command -v node)" --test --test-timeout=120000 --test-reporter=spec $(tests dist/test/native)
"${root[@]}" "$(command -v node)" dist/test/bench/main.js --quick
[ ${#root[@]} -eq 0 ] || sudo chown -R "$(id -u):$(id -g)" build

say 'kernel tests, in the lab on 6.1'
node dist/test/kernel/exact/compile.js
# shellcheck disable=SC2046
node dist/src/cli/main.js lab --kernel 6.1 --timeout 900 --exec -- \
  "$(node -p process.execPath)" --test --test-concurrency=1 --test-reporter=spec \
  $(tests dist/test/kernel)

say 'the three acts, in the lab on 6.1 with the fix and without'
# shellcheck disable=SC2046
node --test --test-reporter=spec $(tests dist/test/lab)
