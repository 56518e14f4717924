#!/bin/sh
# Makes the empty images that a guest's disks are copied into. Arguments, six for each: path, format, capacity, the image
# below and its format, cluster size; the last three may be empty.
set -u
LC_ALL=C
export LC_ALL

make() {
    path=$1 format=$2 capacity=$3 base=$4 below=$5 cluster=$6
    if [ "$format" = raw ]; then
        truncate -s "$capacity" -- "$path"
        return
    fi
    set -- -q -f "$format"
    if [ "$format" = qcow2 ]; then set -- "$@" -o "compat=1.1${cluster:+,cluster_size=$cluster}"; fi
    if [ -n "$base" ]; then set -- "$@" -b "$base" -F "$below"; fi
    qemu-img create "$@" -- "$path" "$capacity"
}

while [ $# -ge 6 ]; do
    make "$1" "$2" "$3" "$4" "$5" "$6" || exit 1
    shift 6
done
