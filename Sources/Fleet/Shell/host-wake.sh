#!/bin/sh
# Wakes a neighbour by its MAC address `mac`, on the link that leads to `address`; the script that runs this has set both.
# By a program made for it, else by a packet to the sleeping host's own address, whose MAC the kernel is told.
#
# shellcheck disable=SC2154
LC_ALL=C
export LC_ALL
device=$(ip -o route get "$address" 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p')
case $(ip -o route get "$address" 2>/dev/null) in
    *' via '*) echo "$address is not on a link of this host" >&2; exit 3 ;;
esac
[ -n "$device" ] || { echo "no route leads to $address" >&2; exit 3; }
for program in ether-wake etherwake 'busybox ether-wake'; do
    command -v "${program%% *}" >/dev/null || continue
    # shellcheck disable=SC2086
    if $program -b -i "$device" "$mac" 2>/dev/null; then exit 0; fi
done
command -v bash >/dev/null || { echo 'neither ether-wake nor bash is here to send it' >&2; exit 3; }
bytes=
for part in $(printf %s "$mac" | tr ':-' '  '); do bytes=$bytes$(printf '\\%03o' "0x$part"); done
packet='\377\377\377\377\377\377'
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do packet=$packet$bytes; done
ip neigh replace "$address" lladdr "$mac" dev "$device" nud permanent || exit 3
# shellcheck disable=SC2016
PACKET=$packet bash -c 'printf "$PACKET" >"/dev/udp/$0/9"' "$address"
code=$?
ip neigh del "$address" dev "$device" 2>/dev/null
exit "$code"
