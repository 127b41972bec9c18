#!/bin/sh
# Build and run consumer.c against liblfm as a stranger would.
# Usage: consume.sh shared|static|cxx|subproject SOURCE_ROOT BUILD_ROOT
# shared and cxx install the finished build into a temporary folder, static a build of the static
# library alone, and find it by pkg-config; subproject builds a copy of the sources inside another meson
# project.
set -eu
way=$1 source=$2 build=$3
here=$(cd "$(dirname "$0")" && pwd)
warnings='-Wall -Wextra -Wpedantic -Werror'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Install into $work/root; afterwards pkg-config finds lfm there and nowhere else.
install_library() {
    meson install -C "$build" --no-rebuild --quiet --destdir "$work/root"
    pc=$(find "$work/root" -name lfm.pc)
    [ -n "$pc" ] || { echo "no lfm.pc was installed" >&2; exit 1; }
    PKG_CONFIG_LIBDIR=$(dirname "$pc"):$(pkg-config --variable pc_path pkg-config)
    export PKG_CONFIG_LIBDIR
    unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR 2>/dev/null || true
    prefix=$work/root$(pkg-config --variable=prefix lfm)
    library=$(dirname "$(find "$work/root" -name liblfm.a)")
}

# The package's answer, with its prefix moved to where it really lies.
package() {
    pkg-config --define-variable=prefix="$prefix" "$@" lfm
}

case $way in
shared | cxx)
    install_library
    compiler="${CC:-cc} -std=c11"
    [ "$way" = shared ] || compiler="${CXX:-c++} -std=c++17 -x c++"
    # shellcheck disable=SC2046,SC2086
    $compiler $warnings $(package --cflags) "$here/consumer.c" -x none -o "$work/consumer" \
        $(package --libs)
    LD_LIBRARY_PATH=$library "$work/consumer"
    LD_LIBRARY_PATH=$library ldd "$work/consumer" | grep -q "liblfm.*$library" || {
        echo "the program does not use the shared library" >&2
        exit 1
    }
    ;;
static)
    meson setup "$work/build" "$source" -Ddefault_library=static -Dtools=disabled -Dtests=disabled \
        -Dexamples=false >"$work/log" 2>&1 &&
        meson compile -C "$work/build" >>"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    build=$work/build
    install_library
    # shellcheck disable=SC2046,SC2086
    ${CC:-cc} -std=c11 $warnings $(package --static --cflags) "$here/consumer.c" \
        -o "$work/consumer" $(package --static --libs)
    "$work/consumer"
    ! ldd "$work/consumer" | grep liblfm || exit 1
    ;;
subproject)
    mkdir -p "$work/project/subprojects/liblfm"
    cp "$here/consumer.c" "$work/project/"
    cp "$here/subproject.build" "$work/project/meson.build"
    for part in meson.build meson.options meson_options.txt include lib; do
        cp -R "$source/$part" "$work/project/subprojects/liblfm/"
    done
    meson setup "$work/build" "$work/project" >"$work/log" 2>&1 &&
        meson compile -C "$work/build" >>"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    "$work/build/consumer"
    ;;
*)
    echo "consume.sh: $way?" >&2
    exit 2
    ;;
esac
