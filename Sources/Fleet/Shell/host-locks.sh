#!/bin/sh
# Locks that several controllers see, kept on the host itself. A line of input asks, a line of output answers, until the
# input ends; locks that are held then stay until they expire.
# The variables records, locks, clock (whose first word is seconds since the boot), boot_id (a file), lifetime (seconds),
# controller, process and who stand before this text; $0 is what tells its answers from noise.
#
# A lock is a directory, made by mkdir, with one entry: BOOT.EXPIRY.NONCE. One that has expired is taken by renaming its
# entry, which only one can do: for everyone else it is gone. Whoever finds a second entry beside his own lets go.
# shellcheck disable=SC2154
set -u
LC_ALL=C
export LC_ALL
umask 077

say() { printf '@drover:%s %s\n' "$0" "$*"; }

tell_time() {
    read -r now _ <"$clock" || now=0
    now=${now%%.*}
}

pause() { sleep 0.1 2>/dev/null || sleep 1; }

# Whether an entry may be taken: by its name alone.
is_over() {
    rest=${1#*.}
    expiry=${rest%%.*} nonce=${rest#*.}
    case $expiry in '' | *[!0-9]*) return 0 ;; esac
    [ "${1%%.*}" != "$boot" ] || [ "$expiry" -lt "$now" ] || [ "$nonce" = "$2" ]
}

is_alone() {
    set -- "$lock/$name" "$lock"/*
    [ $# -eq 2 ] && [ "$1" = "$2" ]
}

# Takes over the entry of a lock that is over; or says who holds it. Fails where neither is so at this moment.
take_over() {
    asked=$1 broken=$2
    set -- "$lock"/*
    old=${1##*/}
    if [ ! -e "$lock/$old" ]; then
        # Its maker has not got further, or its holder has just let go. After two seconds it is nobody's.
        empty=$((empty + 1))
        if [ "$empty" -ge 20 ]; then rmdir "$lock" 2>/dev/null; fi
        return 1
    fi
    if [ $# -gt 1 ]; then
        for old do
            old=${old##*/}
            if is_over "$old" "$broken"; then rm -f "$lock/$old"; fi
        done
        return 1
    fi
    if is_over "$old" "$broken"; then
        mv "$lock/$old" "$lock/$name" 2>/dev/null || return 1
        mv -f "$mine" "$lock/$name" && is_alone && won "$asked" && return 0
        rm -f "$lock/$name"
        return 1
    fi
    read -r details 2>/dev/null <"$lock/$old" || return 1
    rm -f "$mine"
    say "held $own $nonce $now $expiry $details"
}

# Besides, what an operation has left here that nobody has settled.
won() {
    left=
    for record in "$records"/*@"$1".jsonl; do
        [ -e "$record" ] || continue
        record=${record##*/}
        left="$left ${record%%@*}"
    done
    say "taken $own$left"
}

take() {
    own=$2 lock=$locks/$1 mine=$locks/.$2 tries=0 empty=0
    while [ "$tries" -lt 60 ]; do
        tries=$((tries + 1))
        tell_time
        name=$boot.$((now + lifetime)).$own
        printf '%s %s %s %s %s\n' "$controller" "$process" "$now" "$3" "$who" 2>/dev/null >"$mine" || break
        if mkdir "$lock" 2>/dev/null; then
            if mv "$mine" "$lock/$name" 2>/dev/null && is_alone; then
                won "$1"
                return
            fi
            rm -f "$lock/$name"
        elif take_over "$1" "$4"; then
            return
        fi
        pause
    done
    rm -f "$mine"
    say "refused $own it cannot be taken"
}

renew() {
    lock=$locks/$1 own=$2
    tell_time
    set -- "$lock"/*."$own"
    name=$lock/$boot.$((now + lifetime)).$own
    if [ -e "$1" ] && { [ "$1" = "$name" ] || mv "$1" "$name" 2>/dev/null; }; then
        say "renewed $own"
    else
        say "lost $own"
    fi
}

drop() {
    lock=$locks/$1 own=$2
    rm -f "$lock"/*."$own"
    rmdir "$lock" 2>/dev/null
    say "dropped $own"
}

# What an operation has come to is kept beside the locks, for controllers that have not its journal.
note() {
    [ -d "$records" ] || mkdir -p "$records" 2>/dev/null
    if printf '%s\n' "$4" 2>/dev/null >>"$records/$3@$1.jsonl"; then
        sync "$records/$3@$1.jsonl" 2>/dev/null
        say "noted $2"
    else
        say "refused $2 $records cannot be written"
    fi
}

forget() {
    rm -f "$records/$3@$1.jsonl"
    say "noted $2"
}

read -r boot <"$boot_id" || boot=unknown
[ -d "$locks" ] || mkdir -p "$locks" 2>/dev/null
if [ ! -w "$locks" ]; then
    say "closed $locks cannot be written by $(id -un)"
    exit 0
fi
say open
while read -r verb subject own kind broken; do
    case $verb in
        take) take "$subject" "$own" "$kind" "$broken" ;;
        renew) renew "$subject" "$own" ;;
        drop) drop "$subject" "$own" ;;
        note) note "$subject" "$own" "$kind" "$broken" ;;
        forget) forget "$subject" "$own" "$kind" ;;
    esac
done
