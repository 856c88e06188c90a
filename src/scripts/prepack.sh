#!/usr/bin/env bash
# npm pack: builds what the package ships, and checks that it runs elsewhere. `dist` then holds that alone:
# `npm run build:ts` brings back the tests and the source maps.
set -euo pipefail
cd "$(dirname "$0")/../.."
npm run --silent build:native >&2
rm -rf dist
npx tsc --project tsconfig.build.json
chmod +x dist/src/cli/main.js
src/scripts/check-addon.sh --notice
