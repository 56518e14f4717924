#!/bin/sh
# Runs one host of a lab, in network and mount namespaces made for it: plugs the cable in, mounts the root, and starts
# systemd-nspawn, again after each reboot, until the host is switched off. All that it mounts goes with its processes.
#
# usage: host.sh CONTROLLER PORT MAC BASE TREE GROUP MACHINE NAME [NSPAWN-OPTION...]
#   CONTROLLER  process whose network namespace holds the bridge br-lab
#   PORT        name of the cable's end on that bridge
#   MAC         address of the cable's other end, eth0
#   BASE TREE   read-only base root, and the directory with this host's upper, work and root
#   GROUP       path of its cgroup below the caller's own; empty where a scope of systemd is it. The directories made
#               for it are listed in TREE/cgroups
#   MACHINE     name that is unique on this machine; NAME is the host name
set -eu
umask 022

controller=$1 port=$2 mac=$3 base=$4 tree=$5 group=$6 machine=$7 name=$8
shift 8

# Own directory of each hierarchy, so that two hosts' systemds do not write into one another's groups.
# $1: mount point, $2: path of the caller's group in it
join() {
    here=$1${2%/}/$group
    mkdir -p "$here"
    printf '%s\n' "$here" >> "$tree/cgroups"
    if [ -e "$here/cpuset.cpus" ] && [ ! -e "$1/cgroup.controllers" ]; then
        above=$1${2%/}
        for part in $(printf '%s' "$group" | tr / ' '); do
            for file in cpuset.cpus cpuset.mems; do cat "$above/$file" > "$above/$part/$file"; done
            above=$above/$part
        done
    fi
    echo $$ > "$here/cgroup.procs"
}
: > "$tree/cgroups"
if [ -n "$group" ]; then
    while IFS=: read -r _ controllers path; do
        case $controllers in
            '') for mount in /sys/fs/cgroup /sys/fs/cgroup/unified; do
                    if [ -e "$mount/cgroup.procs" ] && [ -e "$mount/cgroup.controllers" ]; then join "$mount" "$path"; fi
                done ;;
            name=*) if [ -d "/sys/fs/cgroup/${controllers#name=}" ]; then
                    join "/sys/fs/cgroup/${controllers#name=}" "$path"
                fi ;;
            *) if [ -d "/sys/fs/cgroup/$controllers" ]; then join "/sys/fs/cgroup/$controllers" "$path"; fi ;;
        esac
    done < /proc/self/cgroup
fi

# The old cable of a host that was switched off is there as long as a connection it had waits for an answer.
nsenter --target "$controller" --net ip link delete "$port" 2>/dev/null || true
ip link add name eth0 address "$mac" type veth peer name "$port" netns "$controller"
nsenter --target "$controller" --net ip link set "$port" master br-lab up

mount -t overlay -o "lowerdir=$base,upperdir=$tree/upper,workdir=$tree/work" overlay "$tree/root"
cd /

# What systemd-nspawn notes about its machines goes with them, too.
booted=
[ ! -d /run/systemd/system ] || booted=y
mount -t tmpfs -o mode=755 tmpfs /run
[ -z "$booted" ] || mkdir -p /run/systemd/system

# In cgroup v2 no process may share a group with the host's: this one moves into a group beside them.
nest=
while IFS=: read -r number _ path; do
    for mount in /sys/fs/cgroup /sys/fs/cgroup/unified; do
        if [ "$number" = 0 ] && [ -e "$mount/cgroup.controllers" ]; then nest=$mount${path%/}; fi
    done
done < /proc/self/cgroup
if [ -n "$nest" ]; then
    mkdir -p "$nest/watch"
    echo $$ > "$nest/watch/cgroup.procs"
fi

# What a host has of devices: the disks of VMs are mounted by them before they start.
for device in /dev/fuse /dev/loop-control /dev/loop[0-9] /dev/loop[0-9][0-9]; do
    [ ! -e "$device" ] || set -- "--bind=$device" "$@"
done

# 133 is what systemd-nspawn ends with when the host asked for a reboot.
code=133
while [ "$code" -eq 133 ]; do
    code=0
    # shellcheck disable=SC2016
    sh -c 'if [ -n "$0" ]; then echo $$ > "$0/cgroup.procs"; fi; exec systemd-nspawn "$@"' "$nest" \
        --quiet --register=no --keep-unit --settings=no --link-journal=no --resolv-conf=off --timezone=off \
        --network-namespace-path=/proc/self/ns/net --capability=all --bind=/dev/net/tun \
        "--directory=$tree/root" "--machine=$machine" "--hostname=$name" "$@" --boot || code=$?
done
exit "$code"
