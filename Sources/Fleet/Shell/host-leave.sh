# shellcheck shell=sh disable=SC2154
# What Drover made on this host, by the record that its states kept, put back as it was: shown (what=look) or done
# (what=act). Prints a line for each thing: word, tab, name. What somebody else has changed since is left as it is.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
tab=$(printf '\t')
home=/var/lib/drover
made=$home/made
work=$(mktemp -d /run/drover-leave.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT

say() { printf '%s\t%s\n' "$1" "$2"; }

acting() { [ "$what" = act ]; }

# Whether a file is not as Drover wrote it last; one that it never wrote through a hash counts as its own.
is_changed() {
    [ -f "$1" ] && [ ! -L "$1" ] && [ -f "$made/sums" ] || return 1
    last=
    while IFS="$tab" read -r sum path; do
        [ "$path" != "$1" ] || last=$sum
    done <"$made/sums"
    [ -n "$last" ] || return 1
    now=$(sha256sum <"$1")
    [ "${now%% *}" != "$last" ]
}

put_back() {
    case $2 in
        new)
            if [ -d "$3" ] && [ ! -L "$3" ]; then
                if acting; then rmdir -- "$3" 2>/dev/null || return 0; fi
                say remove "$3"
            elif is_changed "$3"; then
                say changed "$3"
            elif [ -e "$3" ] || [ -L "$3" ]; then
                if acting; then rm -f -- "$3" || return 1; fi
                say remove "$3"
            fi
            ;;
        tree)
            [ -d "$3" ] || return 0
            if acting; then rm -rf -- "$3" || return 1; fi
            say remove "$3"
            ;;
        file | link)
            [ -e "$made/$1" ] || [ -L "$made/$1" ] || return 0
            if is_changed "$3" || { [ -d "$3" ] && [ ! -L "$3" ]; }; then
                say changed "$3"
                return 0
            fi
            if acting; then
                [ -d "${3%/*}" ] || mkdir -p -- "${3%/*}"
                cp -pP -- "$made/$1" "$3.drover-leave" && mv -f -- "$3.drover-leave" "$3" || return 1
            fi
            say restore "$3"
            ;;
        unit) put_back_unit "$1" "$3" ;;
    esac
}

put_back_unit() {
    [ -d /run/systemd/system ] && [ -f "$made/$1" ] || return 0
    read -r enabled active <"$made/$1"
    if [ "$enabled" != enabled ] && systemctl is-enabled --quiet -- "$2" 2>/dev/null; then
        if acting; then systemctl --quiet disable -- "$2"; fi
        say disable "$2"
    elif [ "$enabled" = enabled ] && ! systemctl is-enabled --quiet -- "$2" 2>/dev/null; then
        if acting; then systemctl --quiet enable -- "$2"; fi
        say enable "$2"
    fi
    [ "$active" != active ] && systemctl is-active --quiet -- "$2" || return 0
    if acting; then systemctl stop -- "$2"; fi
    say stop "$2"
}

failed=0
if [ -f "$made/list" ]; then
    # The last thing made goes first: files before their directories.
    sed '1!G;h;$!d' "$made/list" >"$work/list"
    while IFS="$tab" read -r number kind path; do
        put_back "$number" "$kind" "$path" </dev/null || {
            say failed "$path"
            failed=1
        }
    done <"$work/list"
else
    say unrecorded "$made"
fi
for left in /etc/systemd/system/drover-network-restore.service \
    /etc/systemd/system/sysinit.target.wants/drover-network-restore.service /etc/rcS.d/S01drover-network-restore; do
    if [ ! -e "$left" ] && [ ! -L "$left" ]; then continue; fi
    # A change of the network is under way, or was left by one.
    if [ -e /etc/network/drover-hold ]; then continue; fi
    if acting; then rm -f -- "$left"; fi
    say remove "$left"
done
if acting && [ $failed = 0 ]; then
    rm -rf -- "$made" "$home/drained" "$home/drained.vms" "$home/first-boot"
    rmdir -- "$home/containers" "$home" 2>/dev/null
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl try-restart libvirtd.service virtproxyd.service 2>/dev/null
    fi
fi
exit 0
