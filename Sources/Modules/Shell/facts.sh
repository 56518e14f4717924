# shellcheck shell=sh
# Prints what there is to know about a host: files under the headers that `head` gives them, then lines of
# "@fact", a name and a value. What it means is worked out by the controller.
main() {
    path=$PATH
    LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    export LC_ALL PATH
    exec 2>/dev/null
    dmi=/sys/class/dmi/id
    set -- /sys/class/net/*/address
    head -n 60 /etc/os-release /usr/lib/os-release /etc/debian_version /etc/machine-id /etc/hosts /etc/resolv.conf \
        /etc/default/locale /etc/locale.conf /proc/sys/kernel/hostname /proc/sys/kernel/domainname \
        /proc/sys/kernel/ostype /proc/sys/kernel/osrelease /proc/sys/kernel/version /proc/sys/kernel/random/boot_id \
        /proc/1/comm /proc/meminfo /proc/cpuinfo $dmi/sys_vendor $dmi/product_name $dmi/product_uuid \
        $dmi/product_serial $dmi/bios_version $dmi/board_name /sys/fs/selinux/enforce \
        /sys/module/apparmor/parameters/enabled "$@"
    printf '\n'
    fact arch "$(uname -m)"
    fact path "$path"
    fact shell "${SHELL:-}"
    fact epoch "$(date +%s)"
    fact uid "$(id -u)"
    set -- /sys/devices/system/cpu/cpu[0-9]*
    [ ! -e "$1" ] || fact cpus $#
    if [ -d /run/systemd/system ]; then fact init systemd; elif [ -e /run/openrc ]; then fact init openrc; fi
    if command -v systemd-detect-virt >/dev/null; then fact virt "$(systemd-detect-virt)"; fi
    [ ! -e /.dockerenv ] || fact container docker
    network
    hypervisor
    echo @facts
}

nl='
'

# Values are of one line: more would be somebody's mischief.
fact() {
    printf '@fact\t%s\t%s\n' "$1" "${2%%"$nl"*}"
}

network() {
    ip -o addr show | while read -r line; do printf '@address\t%s\n' "$line"; done
    ip -4 route show default | while read -r line; do printf '@route\t%s\n' "$line"; done
    for port in /sys/class/net/*; do
        name=${port##*/}
        if [ -d "$port/bridge" ]; then
            fact bridge "$name"
            for member in "$port"/brif/*; do
                [ ! -e "$member" ] || fact "ports.$name" "${member##*/}"
            done
        fi
        if [ -d "$port/wireless" ] || [ -e "$port/phy80211" ]; then fact wireless "$name"; fi
    done
    for tool in ifup nmcli netplan networkctl; do
        if command -v "$tool" >/dev/null; then fact network_tool "$tool"; fi
    done
    [ ! -d /etc/network ] || fact network_tool interfaces
}

hypervisor() {
    if [ -c /dev/kvm ] && (: <>/dev/kvm); then fact kvm 1; else fact kvm 0; fi
    folder=/var/lib/libvirt/images
    while [ -n "$folder" ] && [ ! -d "$folder" ]; do folder=${folder%/*}; done
    df -Pk "$folder/" | {
        read -r _
        read -r _ _ _ free _
        fact free_disk "$free"
        fact disk_of "${folder:-/}"
    }
    if command -v dpkg-query >/dev/null; then
        # shellcheck disable=SC2016
        dpkg-query -W -f '@package\t${Package}\t${Version}\t${db:Status-Status}\n' libvirt-daemon libvirt0 qemu-system-x86 \
            qemu-system-arm qemu-system-common
    elif command -v rpm >/dev/null; then
        rpm -q --qf '@package\t%{NAME}\t%{VERSION}-%{RELEASE}\tinstalled\n' libvirt-daemon libvirt-libs qemu-kvm-core qemu-kvm qemu-system-x86-core
    fi
    for unit in libvirtd virtqemud; do
        for where in /etc/systemd/system /lib/systemd/system /usr/lib/systemd/system; do
            if [ -e "$where/$unit.service" ]; then
                fact daemon "$unit"
                break
            fi
        done
    done
    if [ -d /run/systemd/system ] && { [ -e /usr/sbin/libvirtd ] || [ -e /usr/sbin/virtqemud ]; }; then
        set -- libvirtd.service libvirtd.socket virtqemud.service virtqemud.socket libvirtd-tls.socket virtproxyd-tls.socket
        systemctl is-active "$@" | for unit; do
            read -r state
            fact "unit.$unit" "$state"
        done
    fi
}

main </dev/null
