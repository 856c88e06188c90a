#!/usr/bin/env bash
# Makes a Debian machine ready: Debian packages, npm packages, the addon and the TypeScript.
# Installs only what is missing, names it first (and asks, on a terminal), stops at the first failure.
#   setup.sh run    packages for building and running, the lab included
#   setup.sh test   packages for the tests as well
#   setup.sh bench  packages that npm run bench:kernel compares with as well
set -euo pipefail
cd "$(dirname "$0")/../.."

build=(bpftool clang g++ libbpf-dev libelf-dev llvm make python3 zlib1g-dev)
lab=(binutils busybox-static debian-archive-keyring gcc kmod pahole qemu-system-x86 xz-utils)
scenario=(iproute2 ipvsadm nftables)
test=(clang-format curl procps shellcheck socat tcpdump)
bench=(bpftrace)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$1"; exit 3; }

command -v node >/dev/null || fail 'Node.js 20 or newer is missing: install it, then run this again'
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
  fail "Node.js 20 or newer is needed, this is $(node --version)"
command -v apt-get >/dev/null || fail 'apt-get is missing: this script installs Debian packages only'

wanted=("${build[@]}" "${lab[@]}" "${scenario[@]}")
case "${1:-run}" in
  test) wanted+=("${test[@]}") ;;
  bench) wanted+=("${bench[@]}") ;;
esac
missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -Wf '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
    missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "root or sudo is needed to install ${missing[*]}"
    root=(sudo)
  fi
  say "Debian packages to install, with ${root[*]:+sudo }apt-get: ${missing[*]}"
  if [ -t 0 ]; then # no terminal, as in CI: nobody to ask
    read -rp 'setup: install them? [Y/n] ' answer
    case "$answer" in
      '' | [Yy]*) ;;
      *) fail "install them yourself, then run this again: apt-get install ${missing[*]}" ;;
    esac
  fi
  say 'installing Debian packages'
  apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@" >"$log" 2>&1; }
  apt update || true # a list of another vendor may be out of reach
  apt install --no-install-recommends "${missing[@]}" ||
    { tail -n 20 "$log" >&2; fail 'apt-get could not install them (its last lines are above)'; }
fi

if [ ! -e node_modules/.package-lock.json ] ||
  [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say 'installing npm packages'
  npm ci --no-audit --no-fund --loglevel=error
fi

say 'building the probe, the addon and the TypeScript'
npm run --silent build >"$log" 2>&1 || { tail -n 40 "$log" >&2; fail 'the build failed (see above)'; }
say 'ready'
