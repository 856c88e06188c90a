#!/usr/bin/env bash
# Compiles the TypeScript and runs unit tests.
#   test-unit.sh [TEXT...]   those with TEXT in their path (default: all), such as lab/ or usage
set -euo pipefail
cd "$(dirname "$0")/../.."
npx tsc

tests=()
while read -r file; do # compiled files of sources that are gone are no tests
  source=${file#dist/}
  [ -e "${source%.js}.ts" ] || continue
  [ $# -gt 0 ] || tests+=("$file")
  for text in "$@"; do
    if [[ $file == *"$text"* ]]; then
      tests+=("$file")
      break
    fi
  done
done < <(find dist/test/unit -name '*.test.js' | sort)
if [ ${#tests[@]} -eq 0 ]; then
  printf 'test: no unit test has %s in its path\n' "$*" >&2
  exit 2
fi
exec node --test --test-timeout=120000 --test-reporter=spec "${tests[@]}"
