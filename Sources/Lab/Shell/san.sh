#!/bin/sh
# The disks of a lab's SAN: files that tgt exports over iSCSI, all as logical units of one target. Runs on its host.
#
# usage: san.sh TARGET start | add NAME SIZE | remove NAME | list
#   start   installs what it takes, and exports all disks that there are
#   add     a disk of SIZE bytes; with - its bytes are a qcow2 image on standard input. Prints its unit
#   list    UNIT NAME BYTES of each disk
set -eu

target=$1 command=$2
disks=/srv/san

tgt() { tgtadm --lld iscsi --op "$@"; }

# The file of a disk is UNIT-NAME.
find_disk() {
    for file in "$disks"/*-"$1"; do
        found=${file##*/}
        if [ -e "$file" ] && [ "${found#*-}" = "$1" ]; then return 0; fi
    done
    return 1
}

is_taken() {
    for file in "$disks/$1"-*; do [ ! -e "$file" ] || return 0; done
    return 1
}

export_disk() {
    unit=${1%%-*}
    tgt show --mode target | grep -q "^ *LUN: $unit\$" ||
        tgt new --mode logicalunit --tid 1 --lun "$unit" --backing-store "$disks/$1"
}

start() {
    mkdir -p "$disks"
    if ! command -v tgtadm > /dev/null || ! command -v qemu-img > /dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qq update && apt-get -qq --no-install-recommends install tgt qemu-utils > /dev/null
    fi
    systemctl start tgt
    if ! tgt show --mode target | grep -q "^Target 1: "; then
        tgt new --mode target --tid 1 --targetname "$target"
        for file in "$disks"/*; do [ ! -e "$file" ] || export_disk "${file##*/}"; done
        tgt bind --mode target --tid 1 --initiator-address ALL
    fi
}

add() {
    if find_disk "$1"; then
        echo "there is a disk \"$1\" already, unit ${found%%-*}" >&2
        exit 1
    fi
    unit=1
    while is_taken "$unit"; do unit=$((unit + 1)); done
    if [ "$2" = - ]; then
        cat > "$disks/.image"
        qemu-img convert -f qcow2 -O raw "$disks/.image" "$disks/.disk"
        rm "$disks/.image"
    else
        truncate -s "$2" "$disks/.disk"
    fi
    mv "$disks/.disk" "$disks/$unit-$1"
    export_disk "$unit-$1"
    echo "$unit"
}

remove() {
    if ! find_disk "$1"; then
        echo "there is no disk \"$1\"" >&2
        exit 1
    fi
    tgt delete --mode logicalunit --tid 1 --lun "${found%%-*}"
    rm "$disks/$found"
}

list() {
    for file in "$disks"/*; do
        found=${file##*/}
        [ ! -e "$file" ] || echo "${found%%-*} ${found#*-} $(stat -c %s "$file")"
    done
}

case $command in
    start | list) "$command" ;;
    add) add "$3" "$4" ;;
    remove) remove "$3" ;;
esac
