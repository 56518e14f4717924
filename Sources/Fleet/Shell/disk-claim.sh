#!/bin/sh
# Makes empty files and directories of names that nobody has, all or none. Arguments: paths. Variable: files, how many of
# them are files; the rest are directories.
# shellcheck disable=SC2154
set -u
LC_ALL=C
export LC_ALL
umask 077

claim() {
    if [ "$number" -gt "$files" ]; then
        # Others must get through to what is theirs.
        (umask 066; mkdir -p -- "${1%/*}") && mkdir -- "$1"
    else
        (set -C; : >"$1")
    fi
}

number=0
for last do
    number=$((number + 1))
    claim "$last" && continue
    for made do
        if [ "$made" = "$last" ]; then break; fi
        if [ -d "$made" ]; then rmdir -- "$made"; else rm -f -- "$made"; fi
    done
    exit 1
done
