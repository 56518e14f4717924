#!/bin/sh
# Removes what migrations set aside on this host, once its time is over; run by a timer, when the host starts, and
# whenever Drover looks at the host's disks. Each record in the folder is called as its operation, begins with the second
# in which its time is over, and lists what was set aside: only names that end in the operation's are touched.
set -u
LC_ALL=C
export LC_ALL

folder=/var/lib/drover/moved
program=/var/lib/drover/moved-sweep.sh
unit=/etc/systemd/system/drover-moved.service
[ -d "$folder" ] || exit 0
now=$(date +%s)
swept=

# Lets libvirt see that the files are gone.
refresh() {
    command -v virsh >/dev/null || return
    timeout 60 virsh -q -c qemu:///system pool-list --name 2>/dev/null | while IFS= read -r pool; do
        [ -n "$pool" ] || continue
        path=$(virsh -q -c qemu:///system pool-dumpxml "$pool" 2>/dev/null | sed -n 's|.*<path>\(.*\)</path>.*|\1|p')
        case $swept in
            *"|$path|"*) timeout 60 virsh -q -c qemu:///system pool-refresh "$pool" >/dev/null 2>&1 </dev/null ;;
        esac
    done
}

sweep() {
    operation=${1##*/}
    {
        IFS= read -r until || until=
        case $until in '' | *[!0-9]*) return ;; esac
        if [ "$until" -gt "$now" ]; then
            # A timer does not live through a new start of the host.
            if [ "${2-}" = arm ]; then
                systemd-run --quiet --collect --unit="drover-moved-$operation" --on-active="$((until - now))" \
                    /bin/sh "$program"
            fi
            return
        fi
        while IFS= read -r kept; do
            case $kept in
                /*".moved-$operation")
                    rm -rf -- "$kept" || return
                    swept="$swept|${kept%/*}|"
                    ;;
            esac
        done
    } <"$1"
    rm -f -- "$1"
}

for record in "$folder"/*; do
    case $record in *.new) continue ;; esac
    if [ -f "$record" ]; then sweep "$record" "${1-}"; fi
done
if [ -n "$swept" ]; then refresh; fi
# Nothing is left to wait for: nothing of Drover's either.
if rmdir -- "$folder" 2>/dev/null; then
    rm -f -- "$program" "$unit" "${unit%/*}/multi-user.target.wants/${unit##*/}"
fi
