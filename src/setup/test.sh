#!/usr/bin/env bash
# npm test: everything. Unit, native and lifecycle tests run here; the kernel tests in the lab.
set -euo pipefail
cd "$(dirname "$0")/../.."
src/setup/setup.sh test

say() { printf '\ntest: %s\n' "$*" >&2; }
say 'formatting, lint, types, generated files'
src/setup/check.sh
say 'unit, native and lifecycle tests'
node --test --test-reporter=spec dist/test/unit dist/test/native
say 'kernel tests, in the lab on 6.1'
node dist/src/cli/main.js lab --kernel 6.1 --timeout 900 --exec -- \
  "$(node -p process.execPath)" --test --test-concurrency=1 --test-reporter=spec dist/test/kernel
