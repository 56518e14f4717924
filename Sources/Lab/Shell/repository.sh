#!/bin/sh
# Makes the package repository of a lab's hosts: the named packages and all that they need beside what the base root
# has. Follows apt.sh.
#
# usage: repository.sh ROOT WORK DEBS OUT SOURCES BACKPORTS PACKAGE...
#   ROOT     the base root
#   WORK     directory for apt's state
#   DEBS     package files kept between builds
#   OUT      directory to fill (must not exist)
#   SOURCES  file of deb822 sources
#   BACKPORTS  suite to take all but libvirt from where it has it; empty: none
set -eu

root=$1 work=$2 debs=$3 out=$4 sources=$5 backports=$6
shift 6

apt_alone "$work/apt" "$root/var/lib/dpkg/status" "$sources"
if [ -n "$backports" ]; then
    cat > "$work/preferences" <<PIN
Package: *
Pin: release n=$backports
Pin-Priority: 600

Package: src:libvirt
Pin: release n=$backports
Pin-Priority: -1
PIN
    echo "Dir::Etc::preferences \"$work/preferences\";" >> "$APT_CONFIG"
fi
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
