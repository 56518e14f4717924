#!/bin/sh
# Prints a file, or the files of a directory: for each a line with its mode, owner, SHA-256, content (compressed, in base 64)
# and name below the directory, "." for the file itself. Empty files, such as locks, are left out. Variable: root.
# shellcheck disable=SC2154
set -u
LC_ALL=C
export LC_ALL

list() {
    if [ -d "$root" ]; then
        (cd -- "$root" && find . -type f -size +0 | sed 's|^[.]/||')
    else
        echo .
    fi
}

list | while IFS= read -r name; do
    if [ "$name" = . ]; then file=$root; else file=$root/$name; fi
    size=$(stat -c %s -- "$file") || exit 1
    [ "$size" -le 268435456 ] || { echo "$name has $size bytes"; exit 1; }
    sum=$(sha256sum <"$file") || exit 1
    printf '%s %s ' "$(stat -c '%a %U:%G' -- "$file")" "${sum%% *}"
    printf '%s %s\n' "$(gzip -c <"$file" | base64 | tr -d '\n')" "$name"
done
