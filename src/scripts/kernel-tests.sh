#!/usr/bin/env bash
# The kernel tests, on kernels of the lab, one after another; what they need is built already.
#   kernel-tests.sh [--brief] [KERNEL...]   all of them unless named
# --brief leaves out tests that take minutes each: 100,000 packets (traffic-exact), busy preemptible
# CPUs (traffic-local-verdicts), readers that do not read (running), switched-off probes (heartbeat),
# and of the field cases (reproduce-field) those with floods; and on all kernels but the last what is of
# the commands rather than of the kernel (filter, module, reproduce, reproduce-no-alarm, series).
set -euo pipefail
cd "$(dirname "$0")/../.."

long=()        # left out on every kernel
of_commands=() # left out on all but the last
environment=() # of the guest
if [ "${1:-}" = --brief ]; then
  long=(traffic-exact traffic-local-verdicts running heartbeat)
  of_commands=(filter module reproduce reproduce-no-alarm series)
  environment=(IPVSCOPE_TEST_BRIEF=1)
  shift
fi
kernels=("$@")
[ ${#kernels[@]} -gt 0 ] || kernels=(5.10 6.1 6.12 7)
node dist/test/kernel/exact/compile.js
# Node runs them in the order of their names: what unloads ip_vs (module, prerequisites) before what
# keeps it in use for a while (traffic: its schedulers, and namespaces that are yet to go).
list_tests() { # but for those named
  local but=() name
  for name in "$@"; do but+=(! -name "$name.test.js"); done
  find dist/test/kernel -name '*.test.js' "${but[@]}" | sort
}
say() { printf '\ntest: %s\n' "$*" >&2; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
summary=()
failed=0
for kernel in "${kernels[@]}"; do
  say "kernel tests, in the lab on $kernel"
  start=$SECONDS
  verdict=passed
  left_out=("${long[@]}")
  [ "$kernel" = "${kernels[-1]}" ] || left_out+=("${of_commands[@]}")
  mapfile -t tests < <(list_tests "${left_out[@]}")
  node dist/src/cli/main.js lab --kernel "$kernel" --timeout 1500 --exec -- \
    /usr/bin/env "${environment[@]}" "$(node -p process.execPath)" --test --test-concurrency=1 --test-reporter=spec \
    "${tests[@]}" | tee "$log" || { verdict=FAILED failed=1; }
  totals=$(sed -n -E 's/^ℹ (tests|pass|fail|skipped) ([0-9]+)$/\1 \2/p' "$log" | paste -sd, | sed 's/,/, /g')
  summary+=("$kernel: $verdict in $((SECONDS - start)) s; ${totals:-no totals}")
done
say 'kernels'
printf '%s\n' "${summary[@]}"
exit "$failed"
