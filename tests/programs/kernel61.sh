#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Write watch on Debian 12's own kernel, Linux 6.1, which has neither asynchronous write-protection nor
# PAGEMAP_SCAN: the write-watch programs and native tests run in a virtual machine (qemu, no KVM needed),
# and must choose the mprotect backend by themselves. A boot takes a few seconds; nothing of the host is mounted.
# With DECANT_STRESS those that take minutes without KVM run too (./dev test --stress kernel61).
set -euo pipefail
. "$(dirname "$0")/fetch.sh.inc"

command -v qemu-system-x86_64 >/dev/null || skip "qemu is not installed (./dev setup --qemu installs it)"
command -v apt-get >/dev/null || skip "Debian's kernel is fetched with apt-get"

# --- The kernel and busybox, unpacked in the cache ---

fetch_kernel() {
    local package
    package=$(apt-cache search --names-only '^linux-image-6\.1\.[0-9-]+-cloud-amd64$' | cut -d' ' -f1 |
        sort -V | tail -1)
    [ -n "$package" ] || { echo "apt knows no Linux 6.1 (apt-get update?)"; return 1; }
    rm -rf "$kernel61.new"
    mkdir -p "$kernel61.new"
    (cd "$kernel61.new" && timeout 200 apt-get download -qq "$package" busybox-static >/dev/null 2>&1 &&
        for archive in *.deb; do dpkg-deb -x "$archive" . || exit 1; done && rm -f ./*.deb) ||
        { echo "$package cannot be fetched"; return 1; }
    mv "$kernel61.new" "$kernel61"
}

kernel61=$CACHE/kernel61
[ -d "$kernel61" ] || reason=$(fetch_kernel) || skip "$reason"
kernel=$(echo "$kernel61"/boot/vmlinuz-6.1.*)
busybox=$kernel61/bin/busybox

# --- The root: busybox, the C library, Decant, what it needs of Wine, the tests ---

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
wine=/usr/lib/x86_64-linux-gnu/wine/x86_64-windows
mkdir -p "$root"/{bin,proc,sys,dev,tmp,t,dist,"$wine",usr/share/wine}
cp "$busybox" "$root/bin/"
cp -a "$DIST/bin" "$DIST/lib" "$root/dist/"
cp "$wine"/{msvcrt,ucrtbase}.dll "$root/$wine/"
cp -a /usr/share/wine/nls "$root/usr/share/wine/"
cp "$BUILD"/pe/conformance/memory_write_watch*.exe "$BUILD"/unix/tests/test_write_watch* "$root/t/"
rm -f "$root"/t/*_stress.exe
limit=250
if [ -n "${DECANT_STRESS:-}" ]; then
    limit=3000
else
    rm -f "$root"/t/memory_write_watch_{edges,many,races,threads}.exe "$root"/t/test_write_watch{,_model}
fi
ldd "$root"/dist/bin/* "$root"/dist/lib/decant/x86_64-unix/*.so "$root"/t/test_* 2>/dev/null |
    grep -oE '/[^ ]+' | grep -v ':$' | sort -u |
    while read -r library; do cp -L --parents "$library" "$root/"; done

cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
echo "KERNEL $(uname -r)"
DECANT_TRACE=writewatch /dist/bin/decant /t/memory_write_watch.exe 2>&1 | grep backend
for test in /t/*; do
    case $test in
    *.exe) timeout 900 /dist/bin/decant $test >/tmp/out 2>&1 ;;
    *) timeout 900 $test >/tmp/out 2>&1 ;;
    esac
    code=$?
    echo "RESULT $code ${test#/t/} at $(cut -d. -f1 /proc/uptime) s: $(grep -E 'tests executed|PASSED' /tmp/out | tail -1)"
    [ $code = 0 ] || tail -30 /tmp/out
done
echo "END"
poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$work/root.cpio"

# Without SMAP: qemu 7.2 reads iretq's frame as the supervisor, whoever executes it.
timeout $limit qemu-system-x86_64 -accel tcg,thread=multi -cpu max,-smap -smp 2 -m 1800 -nodefaults \
    -no-user-config -display none -no-reboot -serial stdio -kernel "$kernel" -initrd "$work/root.cpio" \
    -append "console=ttyS0 quiet panic=-1 oops=panic mitigations=off" </dev/null >"$work/log" 2>&1 ||
    { tail -40 "$work/log"; fail "the machine did not end in time"; }

grep -E '^(KERNEL|RESULT)|backend' "$work/log" | tr -d '\r'
grep -q '^END' "$work/log" || { tail -40 "$work/log"; fail "the machine stopped early"; }
grep -q 'KERNEL 6\.1\.' "$work/log" || fail "another kernel"
grep -q 'backend mprotect; pagemap: ' "$work/log" || fail "another backend"
if grep -q '^RESULT [^0]' "$work/log"; then
    cat "$work/log"
    fail "tests fail on this kernel"
fi
