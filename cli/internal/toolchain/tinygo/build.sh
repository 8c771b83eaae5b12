#!/usr/bin/env bash
# Builds TinyGo from Go modules and Debian's source packages.
#   build.sh WORK OUT     OUT gets bin/, lib/, src/, targets/; WORK is scratch
# Environment: SOURCE (TinyGo's module as downloaded), OVERLAY (a folder),
# LLVM_MAJOR.
#
# OUT may be moved afterwards: TinyGo finds its root from the place of its own
# program (the folder above bin), so no path is built in and no launcher needed.
set -euo pipefail
work=$1
out=$2

# 1. Sources that upstream keeps as git submodules: wasi-libc, compiler-rt.
#    They are the sources of Debian's own packages, taken from wherever this
#    machine takes its packages. apt gets a state of its own, so that neither
#    root nor a change of the machine's settings is needed.
echo "fetching the sources of wasi-libc and compiler-rt"
apt=$work/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources" "$apt/download"
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
	if [ -s "$f" ]; then cp "$f" "$apt/sources/"; fi
done
sed -i -e 's/^deb /deb-src /' -e 's/^Types:.*/Types: deb-src/' "$apt"/sources/*
options=(
	-q
	-o Dir::Etc::sourcelist=/dev/null
	-o "Dir::Etc::sourceparts=$apt/sources"
	-o "Dir::State::Lists=$apt/lists"
	-o "Dir::Cache=$apt/cache"
	-o APT::Sandbox::User=
)
apt-get "${options[@]}" update
(cd "$apt/download" && apt-get "${options[@]}" source --download-only wasi-libc "llvm-toolchain-$LLVM_MAJOR")

echo "unpacking the sources of wasi-libc and compiler-rt"
libc=$work/wasi-libc
mkdir "$libc" "$work/llvm"
tar xJf "$apt"/download/wasi-libc_*.orig.tar.xz -C "$libc" --strip-components=1
tar xJf "$apt"/download/llvm-toolchain-*.orig.tar.xz -C "$work/llvm" --strip-components=1 --wildcards '*/compiler-rt/lib/builtins'

# 2. TinyGo itself, in a copy of its sources: parts of them are its root later.
echo "building TinyGo"
tinygo=$work/tinygo
cp -r "$SOURCE" "$tinygo"
chmod -R u+w "$tinygo"
(cd "$tinygo" && go build -v -mod=readonly -buildvcs=false -trimpath -tags "llvm$LLVM_MAJOR" -o "$out/bin/tinygo" .)
mv "$tinygo/src" "$tinygo/lib" "$tinygo/targets" "$tinygo/LICENSE" "$out/"

# 3. Fill the places of the submodules.
rm -rf "$out/lib/wasi-libc" "$out/lib/compiler-rt-builtins" "$out/src/net"
mv "$work/llvm/compiler-rt/lib/builtins" "$out/lib/compiler-rt-builtins"
mv "$libc" "$out/lib/wasi-libc"
cp -r "$OVERLAY/net" "$out/src/net"
goroot=$(go env GOROOT)
cp "$goroot/src/net/ip.go" "$goroot/src/net/mac.go" "$out/src/net/"
cp "$goroot/src/net/http/status.go" "$goroot/src/net/http/method.go" "$out/src/net/http/"
chmod -R u+w "$out/src/net"

# 4. Debian 12's wasi-libc is older than the one that TinyGo expects: `weak` is
#    a macro in musl's private headers, and three files want headers that WASI
#    does not have.
cd "$out/lib/wasi-libc"
grep -rlE '__attribute__\(\(weak' libc-bottom-half | xargs sed -i 's/__attribute__((weak/__attribute__((__weak__/'
echo 'void __stack_chk_fail(void) { __builtin_trap(); }' >libc-top-half/musl/src/env/__stack_chk_fail.c
: >libc-top-half/musl/src/thread/thrd_sleep.c
cat >libc-bottom-half/cloudlibc/src/libc/stdlib/_Exit.c <<'C'
#include <wasi/api.h>
_Noreturn void _Exit(int status) { __wasi_proc_exit(status); }
_Noreturn void _exit(int status) { __wasi_proc_exit(status); }
C

# 5. Two features of the wasm targets came with LLVM 20. LLVM 19 ignores them,
#    with a warning for every module.
sed -i 's/+bulk-memory-opt,+call-indirect-overlong,//' "$out"/targets/*.json

# 6. Does it work? With a cache of its own, since libraries built by a wrong
#    TinyGo would stay in the user's.
echo "trying it"
mkdir "$work/try"
cd "$work/try"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"net"
	"net/http"
)

func main() { fmt.Println(net.ParseIP("192.0.2.1"), http.StatusText(http.StatusOK)) }
GO
printf "module try\n\ngo 1.25\n" >go.mod
env -u TINYGOROOT -u GOOS -u GOARCH XDG_CACHE_HOME="$work/try-cache" GOCACHE="$(go env GOCACHE)" \
	"$out/bin/tinygo" build -target=wasip1 -o main.wasm .
[ "$(head -c 4 main.wasm | tail -c 3)" = asm ]
echo "built $(wc -c <main.wasm) bytes of wasm"
