#!/usr/bin/env bash
# Checks that the built addon runs on every glibc system since 2.35 and shows its licences.
#   check-addon.sh             what the file itself says
#   check-addon.sh --notice    also that NOTICE names the library versions of this machine
set -euo pipefail
cd "$(dirname "$0")/../.."
addon=build/Release/ipvscope.node
newest_glibc=2.35
failed=0
wrong() { echo "check-addon: $addon $*" >&2; failed=1; }

for library in $(readelf -dW "$addon" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
  case $library in
    libc.so.6 | libm.so.6 | ld-linux-*) ;;
    *) wrong "needs $library" ;;
  esac
done

# The names of versions are sorted: what comes after the newest one allowed is too new.
versions=$(objdump -T "$addon" | grep -o 'GLIBC_[0-9.]*' | sort -uV)
last=$(printf '%s\n' "$versions" | tail -n 1)
[ "$(printf '%s\n' "$last" "GLIBC_$newest_glibc" | sort -V | tail -n 1)" = "GLIBC_$newest_glibc" ] ||
  wrong "needs $last, newer than GLIBC_$newest_glibc"

exported=$(nm -D --defined-only "$addon" | sed 's/.* //' | sort | paste -sd' ')
[ "$exported" = 'napi_register_module_v1 node_api_module_get_api_version_v1' ] || wrong "exports $exported"
readelf -dW "$addon" | grep -q BIND_NOW || wrong 'is not linked with -z now'
readelf -lW "$addon" | grep -q GNU_RELRO || wrong 'is not linked with -z relro'
readelf -SW "$addon" | grep -q '\.symtab' && wrong 'is not stripped'

if [ "${1:-}" = --notice ]; then
  for package in libbpf-dev libelf-dev zlib1g-dev "libstdc++-$(gcc -dumpversion)-dev"; do
    line="$package $(dpkg-query -Wf '${Version}' "$package")"
    grep -qF "| $line " NOTICE || { echo "check-addon: NOTICE does not name $line" >&2; failed=1; }
  done
fi
exit "$failed"
