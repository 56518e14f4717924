#!/bin/sh
# Says what a host has at the paths of a VM's files, and whether it sees the other host's tokens beside them.
# Arguments: path and image format in turn; the format "-" for what is no image. Variables: token, ours (the end of the
# token files' names that this host writes; empty to write none), theirs (of those that the other host wrote; empty to
# look for none), lifetime (seconds after which it removes what it wrote by itself; 0 for never). Each answer is a line: the path's number, a word, and the rest of the line.
# shellcheck disable=SC2154
set -u
LC_ALL=C
export LC_ALL

say() { printf '%s %s %s\n' "$number" "$1" "$2"; }

# The path with all links followed; of one that is not there, as far as it goes.
real_of() {
    if real=$(readlink -f -- "$1" 2>/dev/null) && [ -n "$real" ]; then return; fi
    real=$1
}

# Should whoever asked be killed, it goes all the same.
forget() {
    trap '' HUP TERM
    left=$((lifetime / 5))
    while [ -e "$1" ] && [ "$left" -gt 0 ]; do
        sleep 5
        left=$((left - 1))
    done
    rm -f -- "$1"
}

# Writes an empty file whose name proves who wrote it: that works on a full file system too.
write_token() {
    case $tried in *"|$1|"*) return ;; esac
    tried="$tried|$1|"
    # Those of processes that were killed.
    find "$1/" -maxdepth 1 -name '.drover-token-*' -mmin +60 -exec rm -f -- {} + 2>/dev/null
    if answer=$( (umask 077; : >"$1/.drover-token-$token-$ours") 2>&1); then
        say token written
        if [ "$lifetime" -gt 0 ]; then forget "$1/.drover-token-$token-$ours" </dev/null >/dev/null 2>&1 & fi
    else
        say token "refused $(printf %s "$answer" | tr '\n' ' ')"
    fi
}

# What a block device is to every host that reaches it.
identity_of() {
    numbers=$(stat -L -c '%t:%T' -- "$1") || return
    major=$((0x${numbers%:*})) minor=$((0x${numbers#*:}))
    for file in dm/uuid device/wwid wwid device/serial; do
        at=/sys/dev/block/$major:$minor/$file
        if [ -r "$at" ]; then
            say identity "$(tr -s ' \n' '__' <"$at")"
            break
        fi
    done
    if bytes=$(blockdev --getsize64 "$1" 2>/dev/null); then say size "$bytes"; fi
}

look() {
    real_of "$1"
    say real "$real"
    folder=${real%/*}
    [ -n "$folder" ] || folder=/
    if [ -d "$folder" ]; then
        say folder there
        say free "$(df -P -k -- "$folder" | awk 'NR > 1 { free = $(NF - 2); last = $NF } END { print free, last }')"
        if [ -n "$ours" ] && ! [ -b "$real" ]; then write_token "$folder"; fi
        if [ -n "$theirs" ] && [ -e "$folder/.drover-token-$token-$theirs" ]; then say token seen; fi
    fi
    if [ -b "$real" ]; then
        say kind block
        identity_of "$real"
    elif [ -d "$real" ]; then
        say kind directory
    elif [ -f "$real" ]; then
        say kind file
        stat -L -c "$number size %s
$number blocks %b
$number stamp %i.%s.%Y.%Z" -- "$real"
    elif [ -e "$real" ] || [ -L "$1" ]; then
        say kind other
    else
        return
    fi
    case $2 in
        -) ;;
        *) say image "$(qemu-img info -U -f "$2" --backing-chain --output=json -- "$real" 2>&1 | tr '\n' ' ')" ;;
    esac
}

number=0
tried=
while [ $# -gt 1 ]; do
    look "$1" "$2"
    number=$((number + 1))
    shift 2
done
