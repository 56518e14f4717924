#!/bin/sh
# Makes the package repository of a lab's hosts: the named packages and all that they need beside what the base root
# has. Follows apt.sh.
#
# usage: repository.sh ROOT WORK DEBS OUT SOURCES PACKAGE...
#   ROOT     the base root
#   WORK     directory for apt's state
#   DEBS     package files kept between builds
#   OUT      directory to fill (must not exist)
#   SOURCES  file of deb822 sources
set -eu

root=$1 work=$2 debs=$3 out=$4 sources=$5
shift 5

apt_alone "$work/apt" "$root/var/lib/dpkg/status" "$sources"
mkdir -p "$work/none/partial" "$debs/partial"
apt-get -qq -o "Dir::Cache::archives=$work/none" --print-uris --yes install "$@" < /dev/null > "$work/uris"
apt-get -qq -o "Dir::Cache::archives=$debs" --download-only --yes install "$@" < /dev/null > /dev/null

mkdir -p "$out"
while read -r _ file _; do
    plain=$(printf '%s' "$file" | sed 's/%3a/-/g')    # a URI would decode the epoch's colon
    ln "$debs/$file" "$out/$plain" 2>/dev/null || cp "$debs/$file" "$out/$plain"
done < "$work/uris"

cd "$out"
for file in *.deb; do
    dpkg-deb --field "$file"
    sum=$(sha256sum "$file")
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$file" "$(stat -c %s "$file")" "${sum%% *}"
done > Packages
