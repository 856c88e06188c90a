#!/usr/bin/env bash
# npm run build:native: builds the addon, in a checkout and in an installed package alike.
#   native.sh [OPTION...]   node-gyp's options, and --strip_addon=no, which keeps the symbols
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PATH:/usr/sbin" # bpftool is there, and not every user's PATH has it

# Debian's package for each program and library.
declare -A programs=([bpftool]=bpftool [clang]=clang [g++]=g++ [llvm-strip]=llvm [make]=make
  [objcopy]=binutils [python3]=python3)
declare -A libraries=([libbpf.a]=libbpf-dev [libelf.a]=libelf-dev [libz.a]=zlib1g-dev)
missing=()
for program in "${!programs[@]}"; do
  command -v "$program" >/dev/null || missing+=("${programs[$program]}")
done
if command -v gcc >/dev/null; then
  for library in "${!libraries[@]}"; do
    [ -e "$(gcc -print-file-name="$library")" ] || missing+=("${libraries[$library]}")
  done
fi
if [ ${#missing[@]} -gt 0 ]; then
  echo "build:native: missing: apt-get install ${missing[*]}" >&2
  exit 3
fi

# Not among the dependencies of an installed package: only this script needs it.
export NODE_PATH=$PWD/build/node_modules
if ! node -e "require.resolve('node-addon-api')" 2>/dev/null; then
  mkdir -p build
  headers=node-addon-api@$(node -p "require('./package.json').devDependencies['node-addon-api']")
  npm install --prefix build --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
    --loglevel=error "$headers"
fi

# The headers that came with Node spare node-gyp a download.
prefix=$(dirname "$(dirname "$(node -p process.execPath)")")
if [ -z "${npm_config_nodedir:-}" ] && [ -e "$prefix/include/node/node_api.h" ]; then
  export npm_config_nodedir="$prefix"
fi
exec node-gyp configure build "$@"
