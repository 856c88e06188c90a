#!/usr/bin/env bash
# Everything that reads the sources and runs none of them. Each finding is an error.
set -euo pipefail
cd "$(dirname "$0")/../.."

npx biome check --error-on-warnings .
npx tsc --noEmit
git ls-files -co --exclude-standard '*.c' '*.cc' '*.h' | xargs clang-format --dry-run --Werror
for script in src/scripts/*.sh .ci/run; do bash -n "$script"; done
npm run --silent generate -- --check
