#!/bin/sh
# Drover's main job on real hosts: two bare machines become a private cloud, a VM is made and migrates live between
# them while its guest counts, and every certificate is replaced under it. Shows each command that a user would type.
# usage: docs/demo.sh PATH-OF-DROVER
set -eu
cd "$(dirname "$0")/.."
drover=$(realpath "$1")
lab=${DROVER_DEMO_LAB:-lab}
fleet=$PWD/.build/demo-fleet
times=

if [ "$(id -u)" -ne 0 ]; then exec sudo -- "$0" "$drover"; fi

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); fi

title() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
die() { printf 'demo: %s\n' "$1" >&2; exit 1; }
now() { date +%s%3N; }

# Runs one of Drover's commands inside the lab's network, as a user on its controller would.
try() {
    printf '%s$ drover %s%s\n' "$bold" "$*" "$plain"
    "$drover" lab exec --name "$lab" -- "$drover" -C "$fleet" "$@"
}

# What `try` does, without showing the command.
quietly() { "$drover" lab exec --name "$lab" -- "$drover" -C "$fleet" "$@"; }

# timed LABEL COMMAND...: notes how long it took.
timed() {
    label=$1
    shift
    began=$(now)
    "$@"
    took=$(($(now) - began))
    times="$times$(printf '%-38s %6d ms' "$label" "$took")
"
}

on() { "$drover" lab shell --name "$lab" "$1" -- "$2"; }
guest() { "$drover" lab exec --name "$lab" -- wget -q -T 3 -O - "http://$address/$1"; }

lab_up() {
    printf '%s$ drover lab up 2%s\n' "$bold" "$plain"
    "$drover" lab up 2 --name "$lab"
}

title 'A lab: two bare Debian machines'
"$drover" lab down --name "$lab" >/dev/null 2>&1 || true
rm -rf "$fleet"
timed 'lab up' lab_up
for host in hv1 hv2; do
    # shellcheck disable=SC2016
    on "$host" 'for program in libvirtd virsh qemu-system-x86_64; do ! command -v $program || exit 1; done' \
        || die "$host is not bare"
    on "$host" 'test ! -e /sys/class/net/br0' || die "$host has a bridge already"
done
echo 'both are bare: no libvirt, no QEMU, no bridge'

title 'A fleet directory'
printf '%s$ drover init fleet%s\n' "$bold" "$plain"
"$drover" init "$fleet"
"$drover" lab inventory --name "$lab" >"$fleet/inventory/hosts.yaml"
try host list
try host trust --yes
try host ping
try host facts os osrelease kernel num_cpus hypervisor:kvm

title 'An authority, and two hypervisors'
try pki init
timed 'first apply' try apply
timed 'second apply' try apply
quietly apply --check --detailed-exit-code >/dev/null || die 'the second apply left something to do'

title 'A virtual machine'
image=$("$drover" lab image --name "$lab" | tail -n 1)
try image add "$image" --name counter
timed 'vm create, with the image to upload' try vm create first --image counter --memory 128M --on hv1
try vm delete first --force --yes
timed 'vm create, image cached' try vm create web1 --image counter --memory 128M --on hv1
began=$(now)
mac=$(quietly vm show web1 | sed -n 's/.*mac: *//p' | tr -d "\"'" | head -n 1)
tries=0
while [ $tries -lt 240 ]; do
    address=$("$drover" lab status --name "$lab" | awk -v mac="$mac" '$1 == mac { print $2 }')
    [ -n "$address" ] && [ -n "$(guest counter 2>/dev/null)" ] && break
    tries=$((tries + 1))
    sleep 0.25
done
[ -n "$address" ] || die 'the guest did not come up within a minute'
times="$times$(printf '%-38s %6d ms' 'from there to guest ready' $(($(now) - began)))
"
printf 'the guest at %s says: %s\n' "$address" "$(guest counter)"
boot=$(guest counter | cut -d' ' -f1)
try vm list

title 'Live migration without shared storage'
sleep 3
timed 'vm migrate' try vm migrate web1 --to hv2
try vm list

title 'Every certificate replaced under it'
pids() { for host in hv1 hv2; do on "$host" 'systemctl show -p MainPID --value libvirtd'; done | tr '\n' ' '; }
before=$(pids)
timed 'pki rotate --all' try pki rotate --all --yes
[ "$(pids)" = "$before" ] || die 'libvirtd was restarted'
try pki status

title 'The guest, and virsh, confirm it'
sleep 2
[ "$(guest counter | cut -d' ' -f1)" = "$boot" ] || die 'the guest was rebooted'
guest log | awk '
    NR > 1 && $1 != last + 1 { lost++ }
    NR > 1 && $2 - at > gap { gap = $2 - at }
    { last = $1; at = $2 }
    END {
        printf "the guest counted %d times, %d numbers lost, longest gap %.2f s\n", NR, lost, gap
        exit !(NR > 5 && lost == 0 && gap <= 2)
    }' || die 'the guest lost time'
printf '%s$ virsh list --all%s     on hv1, then on hv2\n' "$bold" "$plain"
on hv1 'virsh list --all'
on hv2 'virsh list --all'
on hv1 '! virsh domstate web1 2>/dev/null' || die 'hv1 still has web1'
[ "$(on hv2 'virsh domstate web1' | head -n 1)" = running ] || die 'web1 does not run on hv2'

title 'How long it took'
printf '%s' "$times"
printf '\nThe lab is left up:\n'
printf '  drover lab exec --name %s -- drover -C %s vm list\n' "$lab" "$fleet"
printf '  drover lab down --name %s\n' "$lab"
