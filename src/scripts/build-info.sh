#!/usr/bin/env bash
# Writes the commit that dist was built from beside it; "unknown" outside a checkout.
set -euo pipefail
cd "$(dirname "$0")/../.."
commit=unknown
if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$PWD" ]; then
  commit=$(git describe --always --abbrev=12 --exclude='*' --dirty)
fi
printf '{ "commit": "%s" }\n' "$commit" >dist/build-info.json
