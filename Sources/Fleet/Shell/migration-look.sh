#!/bin/sh
# What one host of a migration shows of itself, a line each. Run by a script that gives, as arguments, what is asked:
# bridge=NAME, openvswitch=NAME, link=NAME, program=PATH or NAME, file=PATH, firmware=uefi, resolve=NAME, listen=data (a port
# of QEMU's range that takes one connection).
# Each gets a line `answer N yes|no`, counted from 0.
#
# shellcheck disable=SC2154
LC_ALL=C
export LC_ALL

# Ports that are listened on, in the kernel's hexadecimal.
listening() { cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | sed -n 's/^ *[0-9]*: [0-9A-F]*:\([0-9A-F]\{4\}\) [0-9A-F]*:0000 0A .*/\1/p'; }

setting() {
    [ -r /etc/libvirt/qemu.conf ] || return 0
    sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*\([0-9][0-9]*\).*/\1/p" /etc/libvirt/qemu.conf | tail -n 1
}

# One connection from outside ends it, or half a minute. From the top of the range, which QEMU takes from below.
listen() {
    command -v systemd-socket-activate >/dev/null || return 1
    low=$(setting migration_port_min) high=$(setting migration_port_max)
    port=$((${high:-49215} - $$ % 8)) taken=$(listening)
    [ "$port" -ge "${low:-49152}" ] || port=${high:-49215}
    while [ "$port" -ge "${low:-49152}" ]; do
        case $taken in
            *"$(printf %04X "$port")"*) ;;
            *) if open_port "$port"; then echo "port $port"; return 0; fi ;;
        esac
        port=$((port - 1))
    done
    return 1
}

# Several look at once where several VMs move: a port that another one opened is not this one's.
open_port() {
    timeout 30 systemd-socket-activate -l "$1" /bin/true </dev/null >/dev/null 2>&1 &
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        sleep 0.05 2>/dev/null || sleep 1
        kill -0 "$!" 2>/dev/null || return 1
        case $(listening) in *"$(printf %04X "$1")"*) return 0 ;; esac
    done
    return 1
}

answer() {
    case $1 in
        bridge=*) [ -d "/sys/class/net/${1#*=}/bridge" ] ;;
        link=*) [ -e "/sys/class/net/${1#*=}" ] ;;
        openvswitch=*) ovs-vsctl --timeout=5 br-exists "${1#*=}" 2>/dev/null ;;
        program=*) command -v "${1#*=}" >/dev/null ;;
        file=*) [ -r "${1#*=}" ] ;;
        firmware=uefi) grep -qs '"uefi"' /usr/share/qemu/firmware/*.json /etc/qemu/firmware/*.json ;;
        resolve=*) getent ahosts "${1#*=}" >/dev/null ;;
        listen=data) listen ;;
        *) false ;;
    esac
}

certificate() {
    [ ! -r "$2" ] || printf 'certificate %s %s\n' "$1" "$(head -c 32768 "$2" | base64 | tr -d '\n')"
}

count=0
for asked do
    if answer "$asked"; then echo "answer $count yes"; else echo "answer $count no"; fi
    count=$((count + 1))
done
echo "cpus $(getconf _NPROCESSORS_ONLN)"
[ ! -r /etc/machine-id ] || echo "machine $(head -c 64 /etc/machine-id)"
sed -n 's/^MemAvailable: *\([0-9]*\) kB/available \1/p; s/^Hugepagesize: *\([0-9]*\) kB/hugepage \1/p' /proc/meminfo
for size in /sys/kernel/mm/hugepages/hugepages-*kB; do
    [ ! -r "$size/free_hugepages" ] || echo "hugepages ${size##*-} $(cat "$size/free_hugepages")" | sed 's/kB / /'
done
low=$(setting migration_port_min) high=$(setting migration_port_max)
echo "range ${low:-49152} ${high:-49215}"
ip -o addr 2>/dev/null | sed -n 's/^.* inet6\{0,1\} \([0-9a-f.:]*\).*/address \1/p'
listening | sort -u | sed 's/^/listening /'
certificate ca /etc/pki/qemu/ca-cert.pem
certificate server /etc/pki/qemu/server-cert.pem
certificate client /etc/pki/qemu/client-cert.pem
[ ! -r /proc/sys/vm/unprivileged_userfaultfd ] || echo "userfaultfd $(cat /proc/sys/vm/unprivileged_userfaultfd)"
[ ! -e /var/lib/drover/drained ] || echo drained
# Last, so that it is as near as can be to the moment of its arrival.
echo "clock $(date +%s.%N)"
