#!/bin/sh
# Make sure that the Debian packages are there. Usage: scripts/packages.sh build|check|neon
# build: what ./quickstart needs. check: that, and what ./check needs besides. neon: that, and what
# ./check neon needs besides.
# Installs what is missing when run as root; else says what to install. Needs no network when
# nothing is missing.
set -eu

build='gcc libc6-dev meson ninja-build pkgconf zlib1g-dev libcsv-dev libjansson-dev libxxhash-dev libzip-dev'
check='g++ clang libomp-dev libcunit1-dev valgrind python3 binutils libhnswlib-dev libmicrohttpd-dev
    python3-numpy python3-scipy python3-pytest python3-sklearn python3-pandas python3-optuna
    python3-matplotlib'
neon='gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user'

case "${1-}" in
build) wanted=$build ;;
check) wanted="$build $check" ;;
neon) wanted="$build $check $neon" ;;
*)
    echo "usage: scripts/packages.sh build|check|neon" >&2
    exit 2
    ;;
esac

# Elsewhere than on Debian and its children the tools may have come by other ways: meson will tell.
command -v dpkg-query >/dev/null 2>&1 || exit 0

missing=
for package in $wanted; do
    case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" in
    *' installed') ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing; please install them, then run this again:" >&2
    echo "    sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
echo "Installing the Debian packages$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word per package
if ! apt-get update -qq ||
    ! apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
    echo "apt-get could not install them (is there a network?)" >&2
    exit 1
fi
