#!/bin/sh
# What VMs and operations left on a host: files that no VM uses, files that a VM lacks, programs of operations that are
# over. Prints nothing when all is well.
# usage: remains.sh (as root on the host)
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
virsh -q list --all --uuid | while read -r vm; do
    [ -z "$vm" ] || { virsh dumpxml "$vm"; virsh dumpxml --inactive "$vm" 2>/dev/null; }
done | sed -n "s/.*<source file='\([^']*\)'.*/\1/p; s/.*<nvram[^>]*>\([^<]*\)<.*/\1/p" | sort -u > "$work/used"
while read -r file; do
    if [ -e "$file" ]; then
        case $file in
            *.qcow2) qemu-img info -U --backing-chain "$file" | sed -n 's/^image: //p' ;;
            *) printf '%s\n' "$file" ;;
        esac
    else
        echo "missing $file"
    fi
done < "$work/used" > "$work/whole"
grep '^missing ' "$work/whole"
for file in /var/lib/libvirt/images/* /var/lib/libvirt/qemu/nvram/* /var/lib/libvirt/qemu/save/*; do
    case $file in
        */drover-image-*.part) ;;
        */drover-image-* | *'*' | */lost+found) continue ;;
    esac
    grep -qxF -- "$file" "$work/whole" && continue
    # Kept for a while, and written down to be removed by the host itself.
    grep -rqsxF -- "$file" /var/lib/drover/moved || echo "orphan $file"
done
for pool in $(virsh -q pool-list --name); do
    virsh -q pool-refresh "$pool" > /dev/null || echo "busy $pool"
done
for file in /run/drover-*; do [ ! -e "$file" ] || echo "program $file"; done
exit 0
