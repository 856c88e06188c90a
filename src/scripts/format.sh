#!/usr/bin/env bash
# Formats all sources: TypeScript and JSON with Biome (which sorts imports, too), C and C++ with
# clang-format.
set -euo pipefail
cd "$(dirname "$0")/../.."
npx biome check --write --linter-enabled=false .
git ls-files -co --exclude-standard '*.c' '*.cc' '*.h' | xargs clang-format -i
