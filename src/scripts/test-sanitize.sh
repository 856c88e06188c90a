#!/usr/bin/env bash
# Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer, in build/sanitize, and runs
# the native tests with it.
#   test-sanitize.sh [TEXT...]   those with TEXT in their name (default: all), such as lifecycle
# Loading BPF programs needs root. Leaks are not reported: Node.js itself frees little at its end. The
# sanitizers slow the addon down: on a busy machine the time limits in flow.test fail.
set -euo pipefail
cd "$(dirname "$0")/../.."
say() { printf '\ntest: %s\n' "$*" >&2; }

# A root directory of its own, as the addon is looked for in build/Release below the root.
tree=build/sanitize
mkdir -p "$tree"
for name in binding.gyp native node_modules package.json src test; do
  ln -sfn "$PWD/$name" "$tree/$name"
done

say "building the addon with sanitizers in $tree"
npx tsc --outDir "$tree/dist"
sanitizers='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g'
(
  cd "$tree"
  CXXFLAGS="$sanitizers" LDFLAGS="$sanitizers" PATH="$PWD/node_modules/.bin:$PATH" \
    bash "$PWD/src/scripts/native.sh" --strip_addon=no
) >"$tree/build.log" 2>&1 || { tail -n 40 "$tree/build.log" >&2; exit 1; }

tests=()
while read -r file; do
  [ $# -gt 0 ] || tests+=("$file")
  for text in "$@"; do [[ ${file##*/} != *"$text"* ]] || tests+=("$file"); done
done < <(find "$tree/dist/test/native" -name '*.test.js' | sort)
[ ${#tests[@]} -gt 0 ] || { say "no native test has $* in its name"; exit 2; }

# Node.js is built without sanitizers: their run-time comes first. With it the C++ library, whose
# __cxa_throw the run-time wraps when it starts.
preload=$(gcc -print-file-name=libasan.so):$(gcc -print-file-name=libubsan.so):$(gcc -print-file-name=libstdc++.so)
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)
say "native tests with sanitizers: ${#tests[@]} files"
exec "${root[@]}" env LD_PRELOAD="$preload" \
  ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:handle_segv=1 \
  UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1 \
  "$(command -v node)" --test --test-timeout=900000 --test-reporter=spec "${tests[@]}"
