#!/bin/sh
# Runs on the destination of a live migration. Resumes the guest that arrived paused, and only when the source has
# said that its own copy is gone or was shut off by the migration. On anything else the guest stays paused.
# The variables uuid, source_uri and patience (rounds of half a second) stand before this text. It ends when its own
# file is removed; how it ended is its last line of output, which systemd keeps in its journal.
# shellcheck disable=SC2154
set -u
LC_ALL=C
export LC_ALL

trap 'rm -f -- "$0"' EXIT

# running | paused | arriving | absent | shut-off | migrated | unknown
state_of() {
    answer=$(timeout 20 virsh -q -c "$1" domstate --reason "$uuid" 2>/dev/null)
    case $answer in
        'running ('*) echo running ;;
        'paused (user)'*) echo paused ;;
        'paused (migrating)'* | 'paused (starting up)'*) echo arriving ;;
        'shut off (migrated)'*) echo migrated ;;
        'shut off ('*) echo shut-off ;;
        *) listed "$1" ;;
    esac
}

# virsh says "failed to get domain" of a lost connection too: absent is only what a whole list lacks.
listed() {
    if all=$(timeout 20 virsh -q -c "$1" list --all --uuid 2>/dev/null); then
        case $all in *"$uuid"*) echo unknown ;; *) echo absent ;; esac
    else
        echo unknown
    fi
}

waited=0
missing=0
seen=no
while [ "$waited" -lt "$patience" ]; do
    [ -e "$0" ] || exit 0
    case $(state_of qemu:///system) in
        running) echo running; exit 0 ;;
        paused)
            seen=yes missing=0
            case $(state_of "$source_uri") in
                absent | migrated)
                    if virsh -q -c qemu:///system resume "$uuid" >/dev/null 2>&1; then
                        echo resumed
                        exit 0
                    fi
                    ;;
            esac
            ;;
        arriving) seen=yes missing=0 ;;
        absent) missing=$((missing + 1)) ;;
    esac
    # A guest that was here and went away was called back; one that never comes is not waited for long.
    if [ "$seen" = yes ] && [ "$missing" -ge 60 ]; then echo gone; exit 0; fi
    if [ "$seen" = no ] && [ "$missing" -ge 1200 ]; then echo never-came; exit 0; fi
    sleep 0.5 2>/dev/null || sleep 1
    waited=$((waited + 1))
done
echo gave-up
