#!/bin/sh
# Sets aside files that a migration has moved away, and has the host itself remove them when their time is over.
# Arguments: their paths. Variables: operation, seconds (0 to remove them at once), sweep (the text of moved-sweep.sh).
# shellcheck disable=SC2154
set -u
LC_ALL=C
export LC_ALL
umask 077

folder=/var/lib/drover/moved
program=/var/lib/drover/moved-sweep.sh
unit=/etc/systemd/system/drover-moved.service

# First who is to remove them, then their names: whatever ends this, they are removed some day.
if [ "$seconds" -gt 0 ]; then
    mkdir -p -- "$folder" || exit 1
    printf '%s\n' "$sweep" >"$program.new" && mv -f -- "$program.new" "$program" || exit 1
    # A second time, after an interruption, their time goes on.
    if ! [ -e "$folder/$operation" ]; then
        {
            printf '%s\n' "$(($(date +%s) + seconds))"
            for path do printf '%s\n' "$path.moved-$operation"; done
        } >"$folder/$operation.new" && mv -f -- "$folder/$operation.new" "$folder/$operation" || exit 1
    fi
    if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
        if ! [ -e "$unit" ]; then
            umask 022
            cat >"$unit.new" <<EOF
[Unit]
Description=Remove what migrations of VMs left for a while
After=remote-fs.target libvirtd.service virtstoraged.service
ConditionPathExists=$program

[Service]
Type=oneshot
ExecStart=/bin/sh $program arm
EOF
            mv -f -- "$unit.new" "$unit" && mkdir -p -- "${unit%/*}/multi-user.target.wants" \
                && ln -sf "../${unit##*/}" "${unit%/*}/multi-user.target.wants/${unit##*/}"
            umask 077
        fi
        systemd-run --quiet --collect --unit="drover-moved-$operation" --on-active="$seconds" /bin/sh "$program" \
            2>/dev/null || true
    fi
fi
for path do
    kept=$path.moved-$operation
    if [ -e "$path" ] || [ -L "$path" ]; then mv -f -- "$path" "$kept" || exit 1; fi
    if [ "$seconds" -eq 0 ]; then rm -rf -- "$kept" || exit 1; fi
done
