#!/bin/sh
# Takes a file of `size` bytes from its input, puts it at `path` (or in it, as `name`, when that is a directory), at once
# and whole, and prints its SHA-256. A file that is there keeps its owner and permissions, a new one gets `mode`. The
# script that runs this has set the variables.
#
# shellcheck disable=SC2154
LC_ALL=C
export LC_ALL
umask 077
if [ -d "$path" ]; then path=${path%/}/$name; fi
case $path in */*) folder=${path%/*} ;; *) folder=. ;; esac
folder=${folder:-/}
[ -d "$folder" ] || { echo "there is no directory $folder" >&2; exit 3; }
[ ! -e "$path" ] || [ -f "$path" ] || { echo "$path is no file" >&2; exit 3; }
part=$(mktemp "$folder/.drover-XXXXXX") || exit 3
trap 'rm -f -- "$part"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$part" || exit 3
[ "$(stat -c %s -- "$part")" = "$size" ] || { echo 'it was cut short' >&2; exit 4; }
sum=$(sha256sum <"$part") || exit 3
if [ -e "$path" ]; then
    chown "$(stat -Lc %u:%g -- "$path")" -- "$part" 2>/dev/null
    chmod "$(stat -Lc %a -- "$path")" -- "$part" || exit 3
else
    chmod "$mode" -- "$part" || exit 3
fi
sync "$part" 2>/dev/null || sync
mv -f -- "$part" "$path" || exit 3
printf '%s\n' "${sum%% *}"
