# shellcheck shell=sh
# What the guest image reads a NoCloud seed with, for its first process: the instance's name, the keys that may log in,
# the host key, the network (version 2) and scripts. Of YAML it understands what is written in block style, one item a
# line, and flow lists; user-data may also be a script or a MIME archive of both kinds.

# Leaves the seed mounted at /mnt.
open_seed() {
    for device in /dev/sr[0-9]* /dev/vd[a-z] /dev/sd[a-z]; do
        if [ -b "$device" ] && mount -t iso9660 -o ro "$device" /mnt 2>/dev/null; then
            [ ! -r /mnt/meta-data ] || return 0
            umount /mnt
        fi
    done
    return 1
}

# Sets $name, and leaves in /run/seed what the rest asks for.
take_seed() {
    (umask 077 && mkdir -p /run/seed)
    given=$(seed_value local-hostname)
    name=${given:-$name}
    echo "drover-guest: seed $(seed_value instance-id)"
    [ ! -r /mnt/network-config ] || seed_network < /mnt/network-config > /run/seed/network
    if [ -r /mnt/user-data ]; then
        split_parts < /mnt/user-data
        for part in /run/seed/config-*; do
            [ -e "$part" ] || continue
            seed_keys < "$part" >> /root/.ssh/authorized_keys
            seed_host_key < "$part" > /run/seed/host-key
            seed_count < "$part" >> /run/seed/count
            [ ! -s /run/seed/host-key ] ||
                dropbearconvert openssh dropbear /run/seed/host-key /etc/dropbear/host-key 2> /dev/null
        done
        rm -f /run/seed/host-key /run/seed/config-*
    fi
    umount /mnt
}

seed_value() { sed -n "s/^$1:[[:space:]]*[\"']\{0,1\}\([A-Za-z0-9._-]*\).*/\1/p" /mnt/meta-data | head -n 1; }

# The parts of user-data as files: config-N for a cloud-config, script-N for a script.
split_parts() {
    (
        umask 077
        awk '
            function open_part() {
                file = ""
                if (type ~ /cloud-config/ || (type == "" && $0 ~ /^#cloud-config/)) file = "/run/seed/config-" ++count
                else if (type ~ /shellscript/ || (type == "" && $0 ~ /^#!/)) file = "/run/seed/script-" ++count
                begun = 1
            }
            NR == 1 && /^(Content-Type: *multipart|MIME-Version)/ { archive = header = 1 }
            archive && !boundary && match($0, /boundary="?[^";]*/) {
                boundary = substr($0, RSTART + 9, RLENGTH - 9)
                gsub(/"/, "", boundary)
            }
            archive && boundary && index($0, "--" boundary) == 1 { header = 1; begun = 0; type = ""; next }
            archive && header {
                if (tolower($0) ~ /^content-type:/) type = tolower($0)
                if ($0 == "") header = 0
                next
            }
            !begun { open_part() }
            file != "" { print > file }'
    )
}

seed_keys() {
    awk '
        /^ *(- )? *ssh_authorized_keys:/ { listed = 1; next }
        listed && /^ *- / { sub(/^ *- +/, ""); gsub(/^["\047]|["\047] *$/, ""); print; next }
        { listed = 0 }'
}

seed_host_key() {
    awk '
        /^ *ed25519_private: *[|]/ { match($0, /^ */); level = RLENGTH; block = 1; next }
        block { match($0, /^ */); if (RLENGTH <= level) { block = 0; next } sub(/^ +/, ""); print }'
}

# Milliseconds between two of the disk's counts.
seed_count() { sed -n 's/^drover_count_ms: *\([1-9][0-9]\{0,4\}\) *$/\1/p'; }

# What version 2 says of each card, one word and its value a line: card, mac, dhcp, address, via, dns, mtu.
seed_network() {
    awk '
        function told(path, value) {
            if (value == "" || value == "null") return
            if (path ~ / nameservers addresses$/) print "dns", value
            else if (path ~ / addresses$/) print "address", value
            else if (path ~ / (via|gateway4)$/) print "via", value
            else if (path ~ / macaddress$/) print "mac", tolower(value)
            else if (path ~ / mtu$/) print "mtu", value
            else if (path ~ / dhcp4$/ && value == "true") print "dhcp", value
        }
        function each(path, value, parts, count, i) {
            gsub(/["\047]/, "", value)
            if (value !~ /^\[/) { told(path, value); return }
            gsub(/[][ ]/, "", value)
            count = split(value, parts, ",")
            for (i = 1; i <= count; i++) told(path, parts[i])
        }
        function path(i, text) { for (i = 1; i <= top; i++) text = text " " keys[i]; return text }
        /^ *(#.*)?$/ { next }
        {
            match($0, /^ */)
            depth = RLENGTH
            line = substr($0, depth + 1)
            if (line ~ /^- /) {
                sub(/^- +/, "", line)
                if (line !~ /^[a-z0-9]+: /) { each(path(), line); next }
                depth += 2
            }
            while (top && depths[top] >= depth) top--
            key = value = line
            sub(/:.*/, "", key)
            sub(/^[^:]*: */, "", value)
            gsub(/["\047]/, "", key)
            depths[++top] = depth
            keys[top] = key
            if (path() ~ /^( network)? ethernets [^ ]+$/) print "card", key
            each(path(), value)
        }'
}

# Sets up the cards as the lines of seed_network say.
connect_by_seed() {
    device='' wanted='' ready=''
    while read -r word value; do
        case $word in
            card)
                device='' wanted=$value ready=''
                continue
                ;;
            mac)
                for card in /sys/class/net/*; do
                    if [ "$(cat "$card/address")" = "$value" ]; then device=${card##*/}; fi
                done
                [ -n "$device" ] || wanted=''
                ;;
        esac
        [ -n "$device" ] || [ ! -e "/sys/class/net/$wanted" ] || device=$wanted
        [ -n "$device" ] || continue
        [ -n "$ready" ] || ip link set "$device" up
        ready=yes
        case $word in
            dhcp) connect_by_dhcp "$device" ;;
            address)
                ip address add "$value" dev "$device"
                echo "drover-guest: address ${value%/*}"
                ;;
            via) ip route replace default via "$value" dev "$device" ;;
            dns) echo "nameserver $value" >> /etc/resolv.conf ;;
            mtu) ip link set "$device" mtu "$value" ;;
        esac
    done
}

connect_by_dhcp() {
    ip link set "$1" up
    udhcpc -f -i "$1" -s /lease -x "hostname:$name" -t 5 -T 1 -A 2 > /dev/null 2>&1 &
}

# Only keys open the door. Without a host key from the seed the server makes one.
serve_ssh() {
    chmod 600 /root/.ssh/authorized_keys 2> /dev/null
    if [ -s /etc/dropbear/host-key ]; then
        chmod 600 /etc/dropbear/host-key
        dropbear -s -r /etc/dropbear/host-key 2> /dev/null
    else
        dropbear -s -R 2> /dev/null
    fi
}
