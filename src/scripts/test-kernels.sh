#!/usr/bin/env bash
# npm run test:kernels: the kernel tests on every kernel of the lab, one after another.
#   test-kernels.sh [KERNEL...]   on these only
set -euo pipefail
cd "$(dirname "$0")/../.."
src/scripts/setup.sh test
exec src/scripts/kernel-tests.sh "$@"
