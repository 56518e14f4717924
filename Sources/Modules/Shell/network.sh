# shellcheck shell=sh disable=SC3043,SC2034,SC2154,SC2015,SC2086
# States of interfaces. All interfaces of a run are one change: one state applies it, the others report their part.
# Set by the program: network_kind (ifupdown or ifcfg), network_owned (interfaces that are ours), network_bridges,
# network_members (what must be there), network_ports (lines of bridge and port), network_up, network_text (our file),
# network_files (for ifcfg, with file_NAME), network_resolv, network_switch, confirm_seconds.
network_done=''

network_folder() {
    case $network_kind in ifcfg) net=/etc/sysconfig/network-scripts ;; *) net=/etc/network ;; esac
}

draw_network() {
    net_new=$work/net net_differs=0
    rm -rf "$net_new"
    mkdir -p "$net_new/interfaces.d"
    "draw_$network_kind"
}

# One file for each interface, wholly ours.
draw_ifcfg() {
    local each
    for each in $network_owned; do
        eval "printf '%s' \"\$ifcfg_$(printf %s "$each" | tr -c 'A-Za-z0-9' _)\"" >"$net_new/ifcfg-$each"
        if cmp -s "$net/ifcfg-$each" "$net_new/ifcfg-$each"; then rm "$net_new/ifcfg-$each"; else net_differs=1; fi
    done
}

# Sets $net_new to a folder with all files as they are to be, and $net_differs.
draw_ifupdown() {
    local file name
    for file in /etc/network/interfaces /etc/network/interfaces.d/*; do
        [ -f "$file" ] || continue
        case $file in */interfaces.d/drover | *.drover-new) continue ;; esac
        name=${file#/etc/network/}
        without_stanzas <"$file" >"$net_new/$name"
        lost_settings <"$file" >>"$work/lost"
        # A pattern such as interfaces.d/*.cfg takes in no file of ours.
        [ "$name" != interfaces ] || grep -Eq '^[[:space:]]*(source[[:space:]]+(/etc/network/)?interfaces\.d/\*|source-directory[[:space:]]+(/etc/network/)?interfaces\.d/?)[[:space:]]*$' "$file" ||
            printf '\nsource /etc/network/interfaces.d/*\n' >>"$net_new/$name"
        if cmp -s "$file" "$net_new/$name"; then rm "$net_new/$name"; else net_differs=1; fi
    done
    [ -e /etc/network/interfaces ] || {
        printf 'source /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n' >"$net_new/interfaces"
        net_differs=1
    }
    printf '%s' "$network_text" >"$net_new/interfaces.d/drover"
    if cmp -s /etc/network/interfaces.d/drover "$net_new/interfaces.d/drover"; then
        rm "$net_new/interfaces.d/drover"
    else
        net_differs=1
    fi
}

# A file of ifupdown's without what it says of our interfaces.
without_stanzas() {
    awk -v owned=" $network_owned " '
        { line = $0; more = (line ~ /\\$/) }
        joined { if (!skip) print line; joined = more; next }
        $1 ~ /^(auto|allow-.*|no-auto-down|no-scripts)$/ {
            skip = 0; kept = $1; lost = 0
            for (i = 2; i <= NF; i++) if (index(owned, " " $i " ")) lost = 1; else kept = kept " " $i
            joined = more
            if (!lost) print line; else if (kept != $1) print kept
            next
        }
        $1 == "iface" || $1 == "mapping" {
            skip = index(owned, " " $2 " ") > 0
            if (!skip) print line
            joined = more
            next
        }
        $1 ~ /^(source|source-directory|rename|template)$/ { skip = 0 }
        /^[ \t]*#/ || !skip { print line }
        { joined = more }'
}

# What a file says of our interfaces that the new configuration does not say in other words: people are told.
lost_settings() {
    awk -v owned=" $network_owned " '
        $1 == "iface" || $1 == "mapping" {
            skip = index(owned, " " $2 " ") > 0
            if (skip && $3 != "inet") print $1, $2, $3
            next
        }
        $1 ~ /^(auto|allow-.*|no-auto-down|no-scripts|source|source-directory|rename|template)$/ { skip = 0; next }
        /^[ \t]*(#|$)/ || !skip { next }
        $1 ~ /^(address|netmask|broadcast|network|gateway|hwaddress|bridge[-_].*)$/ { next }
        $1 ~ /^(wpa-|wireless-key)/ { print $1; next }
        { sub(/^[ \t]+/, ""); print }'
}

# Whether the bridges are there with their ports.
network_lives() {
    local bridge port
    printf '%s' "$network_ports" >"$work/ports"
    for bridge in $network_bridges; do
        [ -d "/sys/class/net/$bridge/bridge" ] || return 1
    done
    while read -r bridge port; do
        [ -e "/sys/class/net/$bridge/brif/$port" ] || return 1
    done <"$work/ports"
}

# What can be said against the change before anything is touched.
network_possible() {
    local port
    if [ "$network_kind" = ifupdown ]; then
        command -v ifup >/dev/null && command -v ip >/dev/null || {
            fail_for_now 'This host has no ifupdown and iproute2: its network is configured by something else'
            return 1
        }
    fi
    [ -d "$net" ] || [ "$network_kind" = ifupdown ] || {
        fail_for_now "This host has no $net: its network is configured by something else"
        return 1
    }
    for port in $network_members; do
        [ -e "/sys/class/net/$port" ] || {
            fail "There is no interface $port"
            return 1
        }
        if [ -d "/sys/class/net/$port/wireless" ] || [ -e "/sys/class/net/$port/phy80211" ]; then
            fail "$port is wireless: an access point does not accept the frames of the guests behind a bridge"
            return 1
        fi
    done
    for port in $network_bridges; do
        [ ! -e "/sys/class/net/$port" ] || [ -d "/sys/class/net/$port/bridge" ] || {
            fail "$port is there and no bridge"
            return 1
        }
    done
}

network_diff() {
    local file name
    for file in "$net_new"/* "$net_new"/interfaces.d/*; do
        [ -f "$file" ] || continue
        name=$net/${file#"$net_new/"}
        if [ -f "$name" ]; then
            diff -u -L "$name" -L "$name" -- "$name" "$file"
        else
            diff -u -L "$name" -L "$name" -- /dev/null "$file"
        fi
    done 2>&1 | sed -e 's/^\(.[[:space:]]*wpa-[^[:space:]]*\)[[:space:]].*/\1 ********/' \
        -e 's/^\(.[[:space:]]*wireless-key[^[:space:]]*\)[[:space:]].*/\1 ********/' >"$work/diff"
    encode_file "$work/diff"
}

# The state of one interface: the first asked changes all, each reports itself.
network_managed() {
    local name="$1" stanza="$2" leads
    if [ -z "$network_done" ]; then
        network_folder
        network_possible || return 0
        draw_network
        case $net_differs in
            0) if network_lives; then network_done=same; else network_done=change; fi ;;
            *) network_done=change ;;
        esac
        old_text=$(cat "$net"/interfaces.d/drover "$net"/ifcfg-* 2>/dev/null && echo .)
        if [ "$network_done" = change ] && [ "$test" = 0 ]; then switch_network; fi
        leads=1
    else
        leads=0
    fi
    report_interface
}

# For an interface that stands before the one that applies the change.
network_waits() {
    comment="Interface $1 is changed together with the others"
}

report_interface() {
    case $network_done in
        same)
            comment="Interface $name is up to date"
            return
            ;;
        failed:*)
            fail "${network_done#failed:}"
            return
            ;;
    esac
    if [ $leads = 0 ]; then
        case $old_text in *"$stanza"*)
            comment="Interface $name is up to date"
            return
            ;;
        esac
    fi
    case $old_text in
        *"iface $name "* | *"DEVICE=$name$nl"*) change s 'Network interface changed.' interface ;;
        *) change s 'Added network interface.' interface ;;
    esac
    if [ $leads = 1 ]; then
        if [ -n "${net_shown-}" ]; then encoded=$net_shown; else network_diff; fi
        record diff "$index" "$encoded"
    fi
    if [ "$test" = 1 ]; then
        would "Interface $name is set to be changed"
    else
        comment="Interface $name was changed, and the host could be reached afterwards"
    fi
    if [ $leads = 1 ] && [ -s "$work/lost" ]; then
        comment="$comment${nl}No longer in force: $(tr '\n' ';' <"$work/lost")"
    fi
}

# Saves what is, arms the restoration, announces the change and waits for its outcome.
switch_network() {
    local hold="$net/drover-hold" outcome="$work/outcome" mark="/run/drover/network-$nonce" waited=0
    network_diff
    net_shown=$encoded
    if [ -e "$hold" ]; then
        network_done='failed:A network change is under way on this host or was left by one; look at '"$hold"
        return
    fi
    forget_all
    if ! (umask 077 && save_network) >"$work/out" 2>&1; then
        network_done="failed:Cannot save the network configuration: $(said)"
        rm -rf "$hold"
        return
    fi
    [ -d /run/drover ] || mkdir -m 0700 /run/drover
    # The record goes out before the connection is cut; whoever reads it connects anew and confirms.
    record confirm "$nonce" "$confirm_seconds"
    launch_switch >"$work/launch" 2>&1 3>&-
    while [ ! -e "$outcome" ] && [ $waited -lt $((confirm_seconds * 5 + 600)) ]; do
        sleep 0.2
        waited=$((waited + 1))
    done
    read -r network_done 2>/dev/null <"$outcome" || network_done='the change did not come to its end'
    rm -f "$mark" "$mark.confirmed"
    case $network_done in
        confirmed) ;;
        *) network_done="failed:The host restored its previous network configuration because $network_done" ;;
    esac
}

launch_switch() {
    if systemd_runs && command -v systemd-run >/dev/null; then
        # What ifup starts, a DHCP client say, must outlive the switch.
        systemd-run --quiet --collect --property=KillMode=process --unit "drover-network-$nonce" /bin/sh "$hold/switch.sh" switch "$hold" "$outcome" "$mark" "$confirm_seconds" && return
    fi
    setsid /bin/sh "$hold/switch.sh" switch "$hold" "$outcome" "$mark" "$confirm_seconds" </dev/null >/dev/null 2>&1 &
}

systemd_runs() {
    [ -d /run/systemd/system ]
}

save_network() {
    local file each address
    mkdir -p "$hold/old/interfaces.d" && cp -R "$net_new" "$hold/new" || return 1
    : >"$hold/added"
    printf '%s\n' "$net" "$network_kind" >"$hold/kind"
    for file in "$hold"/new/* "$hold"/new/interfaces.d/*; do
        [ -f "$file" ] || continue
        each=${file#"$hold/new/"}
        keep_original "$net/$each"
        chmod 0644 "$file"
        if [ -f "$net/$each" ]; then
            # Mode and owner stay as they are: passphrases of wireless networks stand in such files.
            cp -p "$net/$each" "$hold/old/$each" && cp "$file" "$file.text" && cp -p "$net/$each" "$file" &&
                cat "$file.text" >"$file" && rm "$file.text" || return 1
        else
            printf '%s\n' "$each" >>"$hold/added"
        fi
    done
    if [ -n "$network_resolv" ] && [ ! -L /etc/resolv.conf ]; then
        cp -p /etc/resolv.conf "$hold/old/resolv.conf"
        printf '%s' "$network_resolv" >"$hold/new/resolv.conf"
    fi
    : >"$hold/was" && : >"$hold/down" && : >"$hold/up" && : >"$hold/bridges" && : >"$hold/addresses"
    for each in $network_owned; do
        [ -e "/sys/class/net/$each" ] || continue
        printf '%s\n' "$each" >>"$hold/down"
        if [ "$network_kind" = ifcfg ] || ifquery --state "$each" >/dev/null 2>&1 || grep -q "^$each=" /run/network/ifstate; then
            printf '%s\n' "$each" >>"$hold/was"
        fi
        ip -o -4 address show dev "$each" scope global | while read -r _ _ _ address _; do
            printf '%s %s\n' "$each" "$address"
        done >>"$hold/addresses"
    done
    ip -4 route show default >"$hold/routes"
    for each in $network_up; do printf '%s\n' "$each" >>"$hold/up"; done
    # Bridges that this change makes go when it is taken back.
    for each in $network_bridges; do
        [ -d "/sys/class/net/$each/bridge" ] || printf '%s\n' "$each" >>"$hold/bridges"
    done
    printf '%s' "$network_ports" >"$hold/ports"
    printf '%s' "$network_switch" >"$hold/switch.sh"
    arm_restore
}

# At a restart before the confirmation the old configuration comes back, before any interface is brought up.
arm_restore() {
    local unit=/etc/systemd/system/drover-network-restore.service
    if [ -d /etc/systemd/system ]; then
        mkdir -p /etc/systemd/system/sysinit.target.wants
        (
            umask 022
            cat >"$unit" <<UNIT
[Unit]
Description=Restore the network configuration that nobody confirmed
DefaultDependencies=no
After=local-fs.target systemd-remount-fs.service
Before=networking.service network-pre.target sysinit.target
Wants=network-pre.target

[Service]
Type=oneshot
ExecStart=/bin/sh $hold/switch.sh boot $hold
UNIT
        ) && ln -sf ../drover-network-restore.service /etc/systemd/system/sysinit.target.wants/ || return 1
    fi
    if [ -d /etc/rcS.d ] && ! systemd_runs; then
        printf '#!/bin/sh\nexec /bin/sh %s/switch.sh boot %s\n' "$hold" "$hold" >/etc/rcS.d/S01drover-network-restore &&
            chmod 0755 /etc/rcS.d/S01drover-network-restore
    fi
    sync
}
