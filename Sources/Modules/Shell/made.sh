# shellcheck shell=sh disable=SC3043,SC2034,SC2154
# The host's own record of what Drover made on it: what was at a path before its first change is kept, so that the host can
# be left as it was found. Lines of `list`: number, kind (new, file, link, directory, tree, unit), path or name; the
# original has the number for its name. Lines of `sums`: what was written last, so that nobody else's change is undone.
made=/var/lib/drover/made

# Sets nothing; what cannot be kept does not hold up a state.
keep_original() {
    local kind=new
    case $1 in /tmp/* | /var/tmp/* | /run/* | *"$nl"* | *"$tab"*) return 0 ;; esac
    if [ -L "$1" ]; then kind='link'; elif [ -d "$1" ]; then kind=directory; elif [ -e "$1" ]; then kind='file'; fi
    note_made "$kind" "$1" || return 0
    case $kind in link | file) cp -pP -- "$1" "$made/$made_number" ;; esac
    return 0
}

# A directory that is Drover's with all that is in it, if it is not there yet.
keep_tree() {
    [ -e "$1" ] || note_made tree "$1"
    return 0
}

# A unit, with whether it is enabled and whether it is active.
keep_unit() {
    local was
    [ -d /run/systemd/system ] || return 0
    note_made unit "$1" || return 0
    was=$(systemctl is-enabled -- "$1" 2>/dev/null || :)
    printf '%s %s\n' "${was:-unknown}" "$(systemctl is-active -- "$1" 2>/dev/null || :)" >"$made/$made_number"
}

# Adds a line for what has none yet; fails otherwise. Sets $made_number.
note_made() {
    [ "$me" = 0 ] || return 1
    if [ -z "${made_known-}" ]; then
        made_known=$nl
        [ ! -f "$made/list" ] || made_known=$nl$(cat "$made/list")$nl
    fi
    case $made_known in *"$tab$2$nl"*) return 1 ;; esac
    [ -d "$made" ] || (umask 077 && mkdir -p "$made") 2>/dev/null || return 1
    made_number=$(($(wc -l 2>/dev/null <"$made/list" || echo 0) + 1))
    printf '%s\t%s\t%s\n' "$made_number" "$1" "$2" >>"$made/list" || return 1
    made_known=$made_known$made_number$tab$1$tab$2$nl
}

# A path and the hash of what was written there.
note_written() {
    case $2 in /tmp/* | /var/tmp/* | /run/* | *"$nl"* | *"$tab"*) return 0 ;; esac
    [ ! -f "$made/list" ] || [ "$me" != 0 ] || printf '%s\t%s\n' "$1" "$2" >>"$made/sums"
}
