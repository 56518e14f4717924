# shellcheck shell=sh disable=SC3043,SC2015,SC2317
# Changes the network of the host that it runs on, and takes the change back unless somebody says over a new connection
# that the host can still be reached. Runs detached from that connection. $1 is what to do (switch, or boot after a
# restart in between), $2 the folder that holds the old files and the new ones; for switch follow the file for the
# outcome, the pending mark and the seconds.
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
hold=$2
{ read -r net && read -r kind; } <"$hold/kind"

# Puts the files of a side (old or new) in place, each by one rename.
install_files() {
    local file name
    [ "$kind" != ifupdown ] || mkdir -p "$net/interfaces.d"
    for file in "$hold/$1"/* "$hold/$1/interfaces.d"/*; do
        [ -f "$file" ] || continue
        [ "$file" != "$hold/$1/resolv.conf" ] || continue
        name=${file#"$hold/$1/"}
        cp -p "$file" "$net/$name.drover-new" && mv -f "$net/$name.drover-new" "$net/$name" || return 1
    done
    if [ -f "$hold/$1/resolv.conf" ]; then
        cat "$hold/$1/resolv.conf" >/etc/resolv.conf
    fi
    sync
}

# Files that came with the change go with it.
remove_added() {
    local name
    while IFS= read -r name; do rm -f "$net/$name"; done <"$hold/added"
}

disarm() {
    rm -f /etc/systemd/system/sysinit.target.wants/drover-network-restore.service \
        /etc/systemd/system/drover-network-restore.service /etc/rcS.d/S01drover-network-restore
    rm -rf "$hold"
    [ ! -d /run/systemd/system ] || systemctl daemon-reload >/dev/null 2>&1
}

each() {
    local name
    while read -r name; do "$1" "$name"; done <"$hold/$2"
}

take_down() {
    [ -e "/sys/class/net/$1" ] || return 0
    case $kind in
        ifcfg) if command -v nmcli >/dev/null; then nmcli device disconnect "$1"; else ifdown "$1"; fi ;;
        *) ifdown --force "$1" ;;
    esac
    ip address flush dev "$1"
    # dhclient of an interface that ifdown did not know it had.
    if [ -s "/run/dhclient.$1.pid" ]; then
        read -r pid <"/run/dhclient.$1.pid" && kill "$pid"
        rm -f "/run/dhclient.$1.pid"
    fi
}

bring_up() {
    case $kind in
        ifcfg) if command -v nmcli >/dev/null; then nmcli connection reload && nmcli device connect "$1"; else ifup "$1"; fi ;;
        *) ifup --force "$1" ;;
    esac || failed="$failed $1"
}

unbridge() {
    local port
    [ -d "/sys/class/net/$1/bridge" ] || return 0
    for port in "/sys/class/net/$1/brif"/*; do
        [ ! -e "$port" ] || ip link set dev "${port##*/}" nomaster
    done
    ip link delete dev "$1" type bridge
}

# A bridge asks for its address as the port did that it takes the place of: with its lease and its identity.
keep_lease() {
    local bridge port file=/var/lib/dhcp/dhclient
    while read -r bridge port; do
        [ -f "$file.$port.leases" ] || continue
        sed "s/interface \"$port\"/interface \"$bridge\"/" "$file.$port.leases" >"$file.$bridge.leases"
    done <"$hold/ports"
}

# What no file knew of: addresses that were set by hand, and the way out.
readdress() {
    local name address route
    while read -r name address; do
        ip -o -4 address show dev "$name" | grep -q inet || ip address add "$address" dev "$name"
        ip link set dev "$name" up
    done <"$hold/addresses"
    while IFS= read -r route; do
        # shellcheck disable=SC2086
        ip -4 route show default | grep -q . || ip route add $route
    done <"$hold/routes"
}

restore() {
    each take_down up
    each unbridge bridges
    remove_added
    install_files old
    failed=
    each bring_up was
    readdress
}

finish() {
    # The outcome first: what waits for it removes nothing.
    printf '%s\n' "$1" >"$outcome.new" && mv -f "$outcome.new" "$outcome"
    disarm
    exit 0
}

case $1 in
    boot)
        remove_added
        install_files old && disarm
        exit 0
        ;;
    switch) outcome=$3 mark=$4 seconds=$5 ;;
    *) exit 64 ;;
esac

trap '' HUP
sleep 1
read -r start _ </proc/uptime
start=${start%.*}
failed=
keep_lease
each take_down down
if ! install_files new; then
    restore
    finish "the new configuration could not be written"
fi
# Only now: over the old network nobody can confirm the new one.
: >"$mark"
(
    each bring_up up
    printf '%s\n' "${failed# }" >"$hold/tried.new" && mv "$hold/tried.new" "$hold/tried"
) >"$hold/log" 2>&1 &
worker=$!
reason="nobody confirmed within $seconds s that the host can be reached"
while :; do
    read -r now _ </proc/uptime
    [ $((${now%.*} - start)) -lt "$seconds" ] || break
    if [ -s "$hold/tried" ]; then
        [ ! -e "$mark.confirmed" ] || finish confirmed
        read -r failed <"$hold/tried"
        if [ -n "$failed" ]; then
            reason="$failed did not come up: $(tail -n 4 "$hold/log" | tr '\n' ' ')"
            break
        fi
    fi
    sleep 0.2
done
# Whoever renames the mark first has decided.
mv "$mark" "$mark.expired" 2>/dev/null || { [ ! -e "$mark.confirmed" ] || finish confirmed; }
kill "$worker" 2>/dev/null
restore >"$hold/log.restore" 2>&1
rm -f "$mark.expired"
finish "$reason"
