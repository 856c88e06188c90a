#!/usr/bin/env bash
# Runs the kernel tests in the lab, on one kernel after another.
#   test-kernels.sh [--brief] [--no-setup] [--test NAME]... [KERNEL...]
# KERNEL     kernels of the lab (default: 5.10 6.1 6.12 7)
# --test     only this test: NAME of test/kernel/**/NAME.test.ts; repeatable
# --no-setup expects packages, addon and TypeScript to be ready (npm test has just built them)
# --brief    leaves out the tests that take minutes each: 100,000 packets (traffic-exact), busy
#            preemptible CPUs (traffic-local-verdicts), readers that do not read (running), disabled
#            probes (heartbeat), and the floods of the field cases (reproduce-field). Tests of the
#            commands rather than of the kernel (filter, module, reproduce, reproduce-no-alarm,
#            series) run on the last kernel only.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() { printf 'test: %s\n' "$*" >&2; exit 2; }
say() { printf '\ntest: %s\n' "$*" >&2; }

long=()          # left out on every kernel
of_commands=()   # left out on all kernels but the last
environment=()   # of the guest
chosen=()        # names of tests; empty: all
kernels=()
setup=yes
while [ $# -gt 0 ]; do
  case "$1" in
    --brief)
      long=(traffic-exact traffic-local-verdicts running heartbeat)
      of_commands=(filter module reproduce reproduce-no-alarm series)
      environment=(IPVSCOPE_TEST_BRIEF=1)
      ;;
    --no-setup) setup=no ;;
    --test)
      [ $# -gt 1 ] || fail '--test needs the name of a kernel test'
      chosen+=("$2")
      shift
      ;;
    -*) fail "unknown option '$1'" ;;
    *) kernels+=("$1") ;;
  esac
  shift
done
[ ${#kernels[@]} -gt 0 ] || kernels=(5.10 6.1 6.12 7)
for name in "${chosen[@]}"; do
  [ -n "$(find test/kernel -name "$name.test.ts")" ] || fail "no kernel test '$name' in test/kernel"
done

[ "$setup" = no ] || src/scripts/setup.sh test
node dist/test/kernel/exact/compile.js

# Prints the files of all tests, or of the chosen ones, but for those named. Node runs them in this
# order: what unloads ip_vs (module, prerequisites) before what keeps it in use for a while (traffic:
# its schedulers, and namespaces that the kernel has yet to clean up).
list_tests() {
  local filter=() name
  if [ ${#chosen[@]} -gt 0 ]; then
    filter=('(' -false)
    for name in "${chosen[@]}"; do filter+=(-o -name "$name.test.js"); done
    filter+=(')')
  else
    for name in "$@"; do filter+=(! -name "$name.test.js"); done
  fi
  find dist/test/kernel -name '*.test.js' "${filter[@]}" | sort
}

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
