#!/usr/bin/env bash
# npm run test:package: the packed package without compilers, on bare Debian roots, and its own build of the
# addon. npm test runs the first part alone (pack.test).
set -euo pipefail
cd "$(dirname "$0")/../.."
src/scripts/setup.sh test
root=() # for chroot
[ "$(id -u)" -eq 0 ] || root=(sudo)
node --test --test-timeout=300000 --test-reporter=spec dist/test/package/pack.test.js
"${root[@]}" "$(command -v node)" --test --test-timeout=900000 --test-reporter=spec dist/test/package/bare-root.test.js
