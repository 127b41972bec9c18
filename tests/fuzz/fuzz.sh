#!/bin/sh
# Fuzz the reading of model files with clang's libFuzzer, under AddressSanitizer and UBSan.
# Usage: tests/fuzz/fuzz.sh BUILD_FOLDER [ARGUMENT_OF_LIBFUZZER...]     e.g. build-fuzz -max_total_time=3600
# What it finds stays in BUILD_FOLDER/corpus; an input that breaks something is written to BUILD_FOLDER, and
# belongs into tests/fuzz/corpus when it is mended.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1
shift
[ -f "$build/build.ninja" ] ||
    CC=clang meson setup "$build" "$here/../.." -Dbuildtype=debugoptimized -Db_sanitize=address,undefined \
        -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link -Dopenmp=disabled -Dexamples=false
ninja -C "$build" lib/liblfm-internal.a tests/support/libtest-support.a tests/files/libtest-files.a >"$build/fuzz.log"
# shellcheck disable=SC2046 # words of flags
clang -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -std=c11 -D_POSIX_C_SOURCE=200809L \
    -I"$here/../../include" -I"$here/../files" -I"$here/../support" "$here/fuzz_file.c" \
    "$build/tests/files/libtest-files.a" "$build/tests/support/libtest-support.a" "$build/lib/liblfm-internal.a" \
    $(pkg-config --libs jansson cunit) -lm -lpthread -o "$build/fuzz_file"
mkdir -p "$build/corpus"
cd "$build"
exec ./fuzz_file -max_len=65536 -timeout=20 -rss_limit_mb=3000 "$@" corpus "$here/corpus"
