# shellcheck shell=sh disable=SC3043,SC2034,SC2154,SC2086
# What is, asked once for all states: one stat, one sha256sum, one package query, one systemctl show. Asked again only
# after a state that may have changed it.

# For each path in $paths: kind_N (nothing, f, d or o), mode_N, uid_N, gid_N, user_N, group_N, hash_N.
look_at_paths() {
    [ $paths_known = 0 ] || return 0
    paths_known=1 paths_stale=''
    look_at_these $paths
}

# A path that this run has written itself is looked at again only if another state comes to it.
forget_path() {
    paths_stale="$paths_stale $1 "
}

look_again_at() {
    case $paths_stale in *" $1 "*) ;; *) return 0 ;; esac
    paths_stale=${paths_stale%%" $1 "*}${paths_stale#*" $1 "}
    look_at_these "$1"
}

look_at_these() {
    local each file found='' regular='' these="$*"
    set --
    for each in $these; do
        eval "file=\$path_$each kind_$each= mode_$each= uid_$each= gid_$each= user_$each= group_$each= hash_$each="
        if [ -f "$file" ]; then eval "kind_$each=f"
        elif [ -d "$file" ]; then eval "kind_$each=d"
        elif [ -e "$file" ]; then eval "kind_$each=o"
        else continue; fi
        found="$found $each"
        set -- "$@" "$file"
    done
    if [ $# -gt 0 ]; then
        stat -L -c '%a %u %g %U %G' -- "$@" >"$work/stat" 2>/dev/null
        note_status $found <"$work/stat"
    fi
    set --
    for each in $found; do
        eval "file=\$kind_$each"
        [ "$file" = f ] || continue
        case " $hashed " in *" $each "*) ;; *) continue ;; esac
        regular="$regular $each"
        eval "set -- \"\$@\" \"\$path_$each\""
    done
    if [ $# -gt 0 ]; then
        sha256sum -- "$@" >"$work/sums" 2>/dev/null
        note_sums $regular <"$work/sums"
    fi
}

note_status() {
    local each a u g un gn
    for each; do
        read -r a u g un gn || return 0
        eval "mode_$each=\$a uid_$each=\$u gid_$each=\$g user_$each=\$un group_$each=\$gn"
    done
}

# sha256sum marks a line whose name it had to escape by a backslash.
note_sums() {
    local each sum
    for each; do
        read -r sum _ || return 0
        sum=${sum#\\}
        eval "hash_$each=\$sum"
    done
}

# For each package in $packages: version_N (nothing if it is not installed).
look_at_packages() {
    [ $packages_known = 0 ] || return 0
    local each name
    set --
    for each in $packages; do
        eval "name=\$package_$each version_$each="
        set -- "$@" "$name"
    done
    [ $# -eq 0 ] || "query_$package_tool" "$@"
    packages_known=1
}

note_version() {
    local each name
    for each in $packages; do
        eval "name=\$package_$each"
        [ "$name" != "$1" ] || eval "version_$each=\${version_$each:-\$2}"
    done
}

# For each unit in $units: load_N, active_N, enabled_N, stale_N.
look_at_units() {
    [ $units_known = 0 ] || return 0
    local each name property value
    set --
    for each in $units; do
        eval "name=\$unit_$each load_$each=not-found active_$each=inactive enabled_$each= stale_$each=no"
        set -- "$@" "$name"
    done
    if [ $# -gt 0 ] && [ -d /run/systemd/system ]; then
        systemctl show -p LoadState -p ActiveState -p UnitFileState -p NeedDaemonReload -- "$@" >"$work/units" 2>/dev/null
        set -- $units
        while IFS='=' read -r property value; do
            each=${1-}
            [ -n "$each" ] || break
            case $property in
                LoadState) eval "load_$each=\$value" ;;
                ActiveState) eval "active_$each=\$value" ;;
                UnitFileState) eval "enabled_$each=\$value" ;;
                NeedDaemonReload) eval "stale_$each=\$value" ;;
                '') shift ;;
            esac
        done <"$work/units"
    elif [ $# -gt 0 ]; then
        look_at_init_scripts
    fi
    units_known=1
}

# Without systemd: an init script's own word, and whether any run level starts it.
look_at_init_scripts() {
    local each name link
    for each in $units; do
        eval "name=\$unit_$each"
        name=${name%.service}
        [ -x "/etc/init.d/$name" ] || continue
        eval "load_$each=loaded enabled_$each=disabled"
        if capture "/etc/init.d/$name" status; then eval "active_$each=active"; fi
        for link in /etc/rc[2-5].d/S??"$name" /etc/runlevels/default/"$name"; do
            [ ! -e "$link" ] || eval "enabled_$each=enabled"
        done
    done
}
