#!/bin/sh
# Writes one of the files that state-read.sh printed, from the file "piece" beside this script. Variables: root, path (the
# same, or below it), mode, owner (one of that name here; libvirt gives the files to whom they belong when the VM starts),
# digest.
# shellcheck disable=SC2154
set -u
LC_ALL=C
export LC_ALL
umask 077

if [ "$path" != "$root" ]; then mkdir -p -- "${path%/*}" || exit 1; fi
gzip -dc <./piece >"$path" || exit 1
rm -f ./piece
sum=$(sha256sum <"$path") || exit 1
[ "${sum%% *}" = "$digest" ] || { echo "its SHA-256 is ${sum%% *}, not $digest"; exit 1; }
chmod "$mode" "$path" || exit 1
chown -h "$owner" "$path" 2>/dev/null
[ "$path" != "$root" ] || exit 0
folder=${path%/*}
while [ "${#folder}" -gt "${#root}" ]; do
    chown -h "$owner" "$folder" 2>/dev/null
    folder=${folder%/*}
done
chmod 0711 "$root"
