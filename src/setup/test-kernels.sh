#!/usr/bin/env bash
# npm run test:kernels: the kernel tests on every kernel of the lab, one after another.
#   test-kernels.sh [KERNEL...]   on these only
set -euo pipefail
cd "$(dirname "$0")/../.."
src/setup/setup.sh test

kernels=("$@")
[ ${#kernels[@]} -gt 0 ] || kernels=(5.10 6.1 6.12 7)
mapfile -t tests < <(find dist/test/kernel -name '*.test.js' | sort)
say() { printf '\ntest: %s\n' "$*" >&2; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
summary=()
failed=0
for kernel in "${kernels[@]}"; do
  say "kernel tests, in the lab on $kernel"
  start=$SECONDS
  verdict=passed
  node dist/src/cli/main.js lab --kernel "$kernel" --timeout 900 --exec -- \
    "$(node -p process.execPath)" --test --test-concurrency=1 --test-reporter=spec \
    "${tests[@]}" | tee "$log" || { verdict=FAILED failed=1; }
  totals=$(sed -n -E 's/^ℹ (tests|pass|fail|skipped) ([0-9]+)$/\1 \2/p' "$log" | paste -sd, | sed 's/,/, /g')
  summary+=("$kernel: $verdict in $((SECONDS - start)) s; ${totals:-no totals}")
done
say 'kernels'
printf '%s\n' "${summary[@]}"
exit "$failed"
