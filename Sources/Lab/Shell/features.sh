#!/bin/sh
# Tells what the kernel lacks for a lab: one name a line, nothing when all is there. Runs in network, mount and PID
# namespaces of its own; what it tries is gone with it.
#
# usage: features.sh STATE    (STATE: the directory that will hold the hosts' roots, or the nearest one that exists)
lack() { printf '%s\n' "$1"; }

overlay() {
    mount -t tmpfs tmpfs /mnt && mkdir /mnt/lower /mnt/upper /mnt/work /mnt/root &&
        mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
}
filter() { nft add table bridge lab && nft 'add chain bridge lab in { type filter hook prerouting priority 0; }'; }

overlay 2>/dev/null || lack overlayfs
[ "$(stat -f -c %T "$1")" != overlayfs ] || lack "a filesystem of its own under $1 (an overlay cannot hold another)"
ip link add name lab0 type bridge 2>/dev/null || lack bridge
ip link add name lab1 type veth peer name lab2 2>/dev/null || lack veth
filter 2>/dev/null || lack 'nftables for bridges'
tc qdisc add dev lab1 root tbf rate 8mbit burst 32k latency 400ms 2>/dev/null || lack 'the tbf queueing discipline'
[ -c /dev/net/tun ] || lack tun
grep -q '^nodev[[:space:]]*cgroup' /proc/filesystems || lack cgroup
