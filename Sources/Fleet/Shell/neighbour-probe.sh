#!/bin/sh
# Has the kernel ask the networks on some bridges who has some MAC addresses, and prints what its neighbour table then
# says: `found MAC ADDRESS`. Run by a script that sets the variables `macs` and `asks` (no: only look) and gives the
# bridges as arguments.
#
# shellcheck disable=SC2154
LC_ALL=C
export LC_ALL

# The last 64 bits of an address that a MAC address makes (RFC 4291): the universal bit turned, ff:fe in the middle.
interface_id() {
    printf '%s\n' "$1" | {
        IFS=: read -r a b c d e f
        printf '%x:%x:%x:%x' $((((0x$a ^ 2) << 8) | 0x$b)) $(((0x$c << 8) | 0xff)) \
            $((0xfe00 | 0x$d)) $(((0x$e << 8) | 0x$f))
    }
}

# All addresses of a network given as ADDRESS/LENGTH, at most the 1024 around ADDRESS.
members() {
    length=${1#*/}
    [ "$length" -ge 22 ] || length=22
    printf '%s\n' "${1%/*}" | {
        IFS=. read -r a b c d
        own=$(((a << 24) | (b << 16) | (c << 8) | d))
        size=$((1 << (32 - length)))
        first=$((own / size * size))
        n=$first
        while [ "$n" -lt $((first + size)) ]; do
            [ "$n" -eq "$own" ] \
                || echo "$((n >> 24 & 255)).$((n >> 16 & 255)).$((n >> 8 & 255)).$((n & 255))"
            n=$((n + 1))
        done
    }
}

ask() {
    for address in $(ip -4 -o addr show dev "$1" 2>/dev/null | sed -n 's/.* inet \([0-9./]*\) .*/\1/p'); do
        members "$address"
    done | sed "s|.*|neigh replace & dev $1 nud none use|" >asked
    prefixes=$(ip -6 -o route show dev "$1" 2>/dev/null | sed -n 's|^\([0-9a-f:]*\)::/64 .*|\1|p')
    for prefix in fe80:: $prefixes; do
        case $prefix in
            *::) ;;
            *:*:*:*) prefix=$prefix: ;;
            *) prefix=$prefix:: ;;
        esac
        for mac in $macs; do
            echo "neigh replace $prefix$(interface_id "$mac") dev $1 nud none use"
        done
    done >>asked
    if command -v ping >/dev/null; then
        {
            ping -c 2 -i 0.5 -W 1 -I "$1" ff02::1 \
                | sed -n "s|.* from \(fe[0-9a-f:]*[0-9a-f]\)[%:].*|neigh replace \1 dev $1 nud none use|p" >heard
        } >/dev/null 2>&1 &
    fi
    if ! ip -force -batch asked >/dev/null 2>&1 && command -v ping >/dev/null \
        && ! ip neigh help 2>&1 | grep -q '\[ use \]'; then
        sed -n 's/^neigh replace \([0-9.]*\) .*/\1/p' asked | while read -r address; do
            ping -c 1 -W 1 "$address" >/dev/null 2>&1 &
        done
    fi
}

look() {
    for device; do
        ip neigh show dev "$device" 2>/dev/null | while read -r address word mac state; do
            [ "$word" = lladdr ] || continue
            case $state in *FAILED* | *INCOMPLETE*) continue ;; esac
            case " $macs " in *" $mac "*) echo "found $mac $address" ;; esac
        done
    done
}

command -v ip >/dev/null || exit 0
if [ "$asks" = no ]; then
    look "$@"
    exit 0
fi
for device; do ask "$device"; done
tries=0
while [ "$tries" -lt 4 ]; do
    sleep 0.5 2>/dev/null || sleep 1
    [ ! -s heard ] || ip -force -batch heard >/dev/null 2>&1
    if look "$@" | grep -q ' [0-9.]*$'; then break; fi
    tries=$((tries + 1))
done
look "$@"
# What nobody answered is no use to anybody.
for device; do
    ip neigh flush dev "$device" nud failed >/dev/null 2>&1
    ip neigh flush dev "$device" nud incomplete >/dev/null 2>&1
done
exit 0
