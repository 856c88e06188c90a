#!/usr/bin/env bash
# npm test: all tests but the longest. Unit, native and lifecycle tests run on this machine, kernel
# tests in the lab.
set -euo pipefail
cd "$(dirname "$0")/../.."
src/scripts/setup.sh test

say() { printf '\ntest: %s\n' "$*" >&2; }
tests() { find "$@" -name '*.test.js' | sort; }
# Loading BPF programs needs root, in tests as in use.
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)

say 'formatting, lint, types, generated files'
src/scripts/check.sh

say 'unit tests'
# shellcheck disable=SC2046 # one argument a file
node --test --test-timeout=120000 --test-reporter=spec $(tests dist/test/unit dist/test/bench)

say 'the package, installed without compilers'
node --test --test-timeout=300000 --test-reporter=spec dist/test/package/pack.test.js

say 'the real ring and its lifecycle'
# shellcheck disable=SC2046
"${root[@]}" "$(command -v node)" --test --test-timeout=120000 --test-reporter=spec $(tests dist/test/native)
"${root[@]}" "$(command -v node)" dist/test/bench/main.js --quick
[ ${#root[@]} -eq 0 ] || sudo chown -R "$(id -u):$(id -g)" build

# One old kernel and one new: kprobes with BTF from a file, fentry and fexit with the kernel's own.
src/scripts/test-kernels.sh --no-setup --brief 5.10 6.12
