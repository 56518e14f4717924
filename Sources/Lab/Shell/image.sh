#!/bin/sh
# Makes the guest image: Debian's cloud kernel, busybox and dropbear on a 64 MB disk that boots by itself. Nothing is
# mounted.
# Follows apt.sh.
#
# usage: image.sh OUT WORK DEBS SOURCES INIT SEED COUNTER
#   OUT      directory to fill (must not exist): vmlinuz, initrd, drover-guest.qcow2
#   WORK     directory of this build
#   DEBS     package files kept between builds
#   SOURCES  file of deb822 sources
#   INIT     text of the guest's first process
#   SEED     text of what it reads a NoCloud seed with
#   COUNTER  C text of what counts on its disk
set -eu

out=$1 work=$2 debs=$3 sources=$4 init=$5 seed=$6 counter=$7

: > "$work/status"
apt_alone "$work/apt" "$work/status" "$sources"
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
server=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances dropbear-bin | sed -n 's/^\([a-z0-9][a-z0-9.+-]*\)$/\1/p')
mkdir -p "$debs"
(
    cd "$debs"
    # shellcheck disable=SC2086
    apt-get -qq download "$kernel" busybox-static tcc $server < /dev/null
)
for package in "$kernel" busybox-static tcc $server; do
    found=
    for file in "$debs/${package}_"*.deb; do found=$file; done
    dpkg-deb --extract "$found" "$work/unpacked"
done
version=${kernel#linux-image-}
modules=$work/unpacked/lib/modules/$version
"$work/unpacked/bin/busybox" depmod -b "$work/unpacked" "$version"

root=$work/root
mkdir -p "$root/bin" "$root/lib" "$root/lib64" "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/mnt" \
    "$root/tmp" "$root/modules" "$root/www/cgi-bin" "$root/etc/acpi/PWRF" "$root/etc/dropbear" "$root/root/.ssh" \
    "$root/var/log" "$root/var/run"
chmod 700 "$root/root" "$root/root/.ssh"
chmod 1777 "$root/tmp"
cp "$work/unpacked/bin/busybox" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
printf '%s' "$init" > "$root/init"
printf '%s' "$seed" > "$root/seed"

# The SSH server with the libraries that it needs.
cp "$work/unpacked/usr/sbin/dropbear" "$work/unpacked/usr/bin/dropbearconvert" "$root/bin/"
loader=$work/unpacked/lib64/ld-linux-x86-64.so.2
cp -L "$loader" "$root/lib64/"
for program in dropbear dropbearconvert; do
    "$loader" --library-path "$work/unpacked/lib/x86_64-linux-gnu:$work/unpacked/usr/lib/x86_64-linux-gnu" \
        --list "$root/bin/$program" | sed -n 's/.* => \(.*\) (0x.*/\1/p'
done | sort -u | while read -r library; do cp -L "$library" "$root/lib/"; done
echo 'root:x:0:0:root:/root:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:' > "$root/etc/group"
echo 'root:*:19000:0:99999:7:::' > "$root/etc/shadow"
chmod 600 "$root/etc/shadow"
printf 'ID=drover-guest\nNAME="Drover guest"\nVERSION_ID=1\n' > "$root/etc/os-release"

# The counter, by a compiler of its own: the machine need not have one.
printf '%s' "$counter" > "$work/counter.c"
compiler=$work/unpacked/usr/lib/x86_64-linux-gnu
"$loader" --library-path "$work/unpacked/lib/x86_64-linux-gnu:$compiler" "$work/unpacked/usr/bin/tcc" \
    "-B$compiler/tcc" -nostdlib -static -o "$root/bin/counter" "$work/counter.c"

# Modules, each behind those it needs; what this kernel has built in or lacks is left out. (It has no AHCI: on a q35
# machine the seed has to be on virtio.)
for module in virtio_pci virtio_blk virtio_net virtio_scsi virtio-rng virtio_balloon ata_piix sd_mod sr_mod isofs evdev \
    button; do
    printf '%s\n' "$module"
done | awk '
    function visit(path, parts, count, i) {
        if (path in seen) return
        seen[path] = 1
        count = split(needs[path], parts, " ")
        for (i = 1; i <= count; i++) visit(parts[i])
        print path
    }
    NR == FNR { path = $1; sub(":$", "", path); sub("^[^:]*:", ""); needs[path] = $0
                name = path; sub(".*/", "", name); sub("[.]ko$", "", name); at[name] = path; next }
    $1 in at { visit(at[$1]) }' "$modules/modules.dep" - > "$work/modules"
while read -r path; do
    cp "$modules/$path" "$root/modules/"
    printf '%s\n' "${path##*/}"
done < "$work/modules" > "$root/modules/order"

cat > "$root/lease" <<'SCRIPT'
#!/bin/sh
# What udhcpc runs with each answer of the DHCP server.
case $1 in
    deconfig) ip address flush dev "$interface" ;;
    bound | renew)
        ip address replace "$ip/$mask" dev "$interface"
        for gateway in $router; do ip route replace default via "$gateway" dev "$interface"; done
        for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf
        [ "$1" = renew ] || echo "drover-guest: address $ip" > /dev/console
        ;;
esac
SCRIPT
cat > "$root/etc/acpi/PWRF/00000080" <<'SCRIPT'
#!/bin/sh
echo 'drover-guest: power button' > /dev/console
sync
poweroff -f
SCRIPT
cat > "$root/www/cgi-bin/disk" <<'SCRIPT'
#!/bin/sh
# How many of this boot's records the disk itself holds, and how many before the last are missing.
printf 'Content-Type: text/plain\r\n\r\n'
read -r disk < /run/disk
read -r boot < /proc/sys/kernel/random/boot_id
sync
echo 3 > /proc/sys/vm/drop_caches
dd if="$disk" bs=512 skip=114689 count=8192 2>/dev/null | tr -d '\000' | awk -v boot="$boot" '
    $1 == boot { seen++; if ($2 > last) last = $2 }
    END { ring = last < 8192 ? last : 8192; print boot, last + 0, seen + 0, ring - seen }'
SCRIPT
cat > "$root/www/cgi-bin/processes" <<'SCRIPT'
#!/bin/sh
# What each process waits for, and what interrupts came: of a guest that answers and yet stands still.
printf 'Content-Type: text/plain\r\n\r\n'
cat /proc/uptime /proc/interrupts
for process in /proc/[0-9]*; do
    words=$(tr '\000' ' ' < "$process/cmdline")
    [ -n "$words" ] || continue
    echo "${process#/proc/} $words $(sed -n 's/^State://p' "$process/status")"
    cat "$process/syscall" "$process/stack"
done 2>/dev/null
SCRIPT
chmod 755 "$root/init" "$root/lease" "$root/etc/acpi/PWRF/00000080" "$root"/www/cgi-bin/*

mkdir -p "$out"
cp "$work/unpacked/boot/vmlinuz-$version" "$out/vmlinuz"
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0) | gzip -9n > "$out/initrd"

cat > "$work/syslinux.cfg" <<'CONF'
SERIAL 0 115200
DEFAULT guest
PROMPT 0
LABEL guest
    LINUX vmlinuz
    INITRD initrd
    APPEND console=tty0 console=ttyS0,115200 quiet panic=1
CONF
disk=$work/disk.img
export MTOOLS_SKIP_CHECK=1
truncate -s 64M "$disk"
mformat -i "$disk" -T 114688 -h 64 -s 32 ::
syslinux --install "$disk"
mcopy -i "$disk" "$out/vmlinuz" "$out/initrd" "$work/syslinux.cfg" ::
qemu-img convert -c -O qcow2 "$disk" "$out/drover-guest.qcow2"
