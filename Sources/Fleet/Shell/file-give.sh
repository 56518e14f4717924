#!/bin/sh
# Prints a line `MODE SIZE SHA256` and then the file `path`, which the script that runs this has set.
#
# shellcheck disable=SC2154
LC_ALL=C
export LC_ALL
if [ -d "$path" ]; then echo 'it is a directory' >&2; exit 3; fi
if ! [ -f "$path" ] || ! [ -r "$path" ]; then echo 'there is no such file, or it cannot be read' >&2; exit 3; fi
sum=$(sha256sum <"$path") || exit 3
printf '%s %s %s\n' "$(stat -Lc %a -- "$path")" "$(stat -Lc %s -- "$path")" "${sum%% *}"
exec cat -- "$path"
