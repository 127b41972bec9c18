# Sourced by the benchmarks, which set `here` to the project's folder: builds the library (release) and sets
# up a private Python environment with the packages that it is measured against, under build-benchmarks.
build=$here/build-benchmarks
log=$build/setup.log
python=$build/venv/bin/python

fail() {
    echo "benchmarks: $1; the end of $log:" >&2
    tail -n 20 "$log" >&2
    exit 1
}

# install NAME PIP_ARGUMENTS…: unless Python finds the module NAME
install() {
    name=$1
    shift
    "$python" -c "import $name" 2>/dev/null && return
    echo "Installing $name into $build/venv" >&2
    "$python" -m pip install "$@" >"$log" 2>&1 || fail "$name could not be installed"
}

"$here/scripts/packages.sh" check
mkdir -p "$build/data"
[ -f "$build/lfm/build.ninja" ] ||
    meson setup "$build/lfm" "$here" -Dtools=enabled -Dtests=disabled -Dexamples=false >"$log" 2>&1 ||
    fail "meson could not set up a build"
meson compile -C "$build/lfm" >"$log" 2>&1 || fail "the build failed"
[ -x "$python" ] || python3 -m venv "$build/venv" >"$log" 2>&1 || fail "no Python environment could be made"
install sklearn 'setuptools<64' wheel 'numpy<2' 'scipy<1.12' requests scikit-learn
install lightfm --no-build-isolation lightfm

install_implicit() {
    install implicit 'numpy<2' 'scipy<1.12' implicit threadpoolctl
    # implicit asks for this; its own threads do the work.
    export OPENBLAS_NUM_THREADS=1
}
