#!/usr/bin/env bash
# Checks the sources without running them: format, lint, types, shell scripts, generated files. Each
# finding is an error.
set -euo pipefail
cd "$(dirname "$0")/../.."

npx biome check --error-on-warnings .
npx tsc --noEmit
git ls-files -co --exclude-standard '*.c' '*.cc' '*.h' | xargs clang-format --dry-run --Werror
shellcheck src/scripts/*.sh .ci/run
npm run --silent generate -- --check
npm run --silent generate:metrics -- --check
