# shellcheck shell=sh disable=SC3043,SC2034,SC2154,SC2015
# States of files. They read $path and its number $at, and what their function needs: $blob, $sha, $mode, $user, $group,
# $makedirs, $replace, $reveal, $binary, $target, $force.

# Sets what is known of the path: kind, is_mode, is_uid, is_gid, is_user, is_group, is_hash.
look_at_path() {
    look_at_paths
    look_again_at "$at"
    eval "kind=\$kind_$at is_mode=\$mode_$at is_uid=\$uid_$at is_gid=\$gid_$at is_user=\$user_$at"
    eval "is_group=\$group_$at is_hash=\$hash_$at"
}

mode_differs() {
    [ -n "$mode" ] && [ "$mode" != "$is_mode" ]
}

user_differs() {
    [ -n "$user" ] && [ "$user" != "$is_user" ] && [ "$user" != "$is_uid" ]
}

group_differs() {
    [ -n "$group" ] && [ "$group" != "$is_group" ] && [ "$group" != "$is_gid" ]
}

# The changes of owner and mode, as Salt names them.
note_access() {
    ! mode_differs || change s "0${mode#0}" mode
    ! user_differs || change s "$user" user
    ! group_differs || change s "$group" group
}

known_owner() {
    case $user in '' | *[!0-9]*) [ -z "$user" ] || id -u -- "$user" >/dev/null 2>&1 || {
        fail_for_now "User $user is not available"
        return 1
    } ;; esac
    [ -z "$group" ] || have_group || {
        fail_for_now "Group $group is not available"
        return 1
    }
}

have_group() {
    local name
    case $group in *[!0-9]*) ;; *) return 0 ;; esac
    if command -v getent >/dev/null; then
        getent group "$group" >/dev/null 2>&1
        return
    fi
    while IFS=: read -r name _; do
        [ "$name" != "$group" ] || return 0
    done </etc/group
    return 1
}

# A unified diff of two files, in base64 and bounded, as the change or record named first.
show_diff() {
    local how="$1"
    if [ "$reveal" = 0 ]; then
        [ "$how" = record ] || change s '<show_changes=False>' diff
        return
    fi
    if [ "$binary" = 1 ]; then
        [ "$how" = record ] || change s 'Replace binary file' diff
        return
    fi
    if ! command -v diff >/dev/null; then
        [ "$how" = record ] || change s 'The host has no diff to show the difference with' diff
        return
    fi
    diff -u -L "$path" -L "$path" -- "$2" "$3" >"$work/diff" 2>&1
    encode_file "$work/diff"
    if [ "$how" = record ]; then record diff "$index" "$encoded"; else change b "$encoded" diff; fi
}

# Makes the folder of a path if it may; the reason that it cannot is the state's comment.
ready_folder() {
    local folder="${1%/*}"
    [ -d "${folder:-/}" ] && return
    if [ "$makedirs" = 0 ]; then
        fail_for_now "Parent directory not present"
        return 1
    fi
    [ "$test" = 0 ] || return 0
    paths_known=0
    capture mkdir -p -- "$folder" || {
        fail "Cannot make directory $folder: $(said)"
        return 1
    }
}

# Puts a file in place of another by one rename: copied beside it under a name nobody can guess, owned, then moved.
place() {
    local source="$1" final="$2" bits="$3" owner="$4" circle="$5" fresh
    fresh=${final%/*}/.drover-$nonce-$index
    if command -v install >/dev/null; then
        capture install -m "$bits" -o "$owner" -g "$circle" -- "$source" "$fresh"
    else
        capture copy_owned "$source" "$fresh" "$bits" "$owner" "$circle"
    fi && capture mv -f -- "$fresh" "$final" || {
        fail "Cannot write $final: $(said)"
        rm -f -- "$fresh"
        return 1
    }
    [ ! -e /sys/fs/selinux/enforce ] || capture restorecon -- "$final"
}

copy_owned() {
    (umask 077 && cat <"$1" >"$2") && chown -- "$4:$5" "$2" && chmod -- "$3" "$2"
}

file_managed() {
    local content=0 access=0 final
    look_at_path
    case $kind in
        d)
            fail "Specified target $path is a directory"
            return
            ;;
        o)
            fail "Specified target $path is not a regular file"
            return
            ;;
        '') content=1 ;;
        f) [ -z "$sha" ] || [ "$replace" = 0 ] || [ "$sha" = "$is_hash" ] || content=1 ;;
    esac
    if mode_differs || user_differs || group_differs; then access=1; fi
    if [ $content = 0 ] && [ $access = 0 ]; then
        comment="The file $path is in the correct state"
        return
    fi
    if [ "$test" = 0 ] && [ $content = 1 ] && [ -n "$sha" ] && [ ! -f "$run/$blob" ]; then
        fail "The file $path was changed after it had been compared; apply again"
        return
    fi
    known_owner || return 0
    ready_folder "$path" || return 0
    note_file
    if [ "$test" = 1 ]; then
        would "The file $path is set to be changed"
    elif [ $content = 1 ]; then
        write_file
    else
        set_access "$path" && comment="File $path updated"
        forget_path "$at"
    fi
}

note_file() {
    if [ "$content" = 1 ] && [ -z "$kind" ]; then
        if [ "$test" = 1 ]; then change s "$path" newfile; else change s 'New file' diff; fi
        if [ "${show_diff:-0}" = 1 ] && [ -f "$run/$blob" ]; then show_diff record /dev/null "$run/$blob"; fi
        [ -z "$mode" ] || change s "0${mode#0}" mode
        return
    fi
    if [ "$content" = 0 ]; then :
    elif [ -f "$run/$blob" ]; then show_diff change "$path" "$run/$blob"
    else change s 'The content differs' diff; fi
    note_access
}

write_file() {
    local final="$path" source="$run/$blob"
    if [ -L "$path" ]; then
        final=$(readlink -f -- "$path")
        paths_known=0
        [ -n "$final" ] || {
            fail "Cannot follow the link $path"
            return
        }
    fi
    [ -n "$sha" ] || source=/dev/null
    [ -n "$kind" ] || is_mode=644 is_uid=0 is_gid=0
    if [ -z "$kind" ] && [ "$me" != 0 ]; then is_uid=$me is_gid=$(id -g); fi
    keep_original "$final"
    place "$source" "$final" "${mode:-$is_mode}" "${user:-$is_uid}" "${group:-$is_gid}" || return 0
    [ -z "$sha" ] || note_written "$sha" "$final"
    comment="File $path updated"
    forget_path "$at"
}

set_access() {
    local owner="$user"
    [ -z "$group" ] || owner=$user:$group
    if user_differs || group_differs; then
        capture chown -- "$owner" "$1" || {
            fail "Cannot change the owner of $1: $(said)"
            return 1
        }
    fi
    if [ -n "$mode" ]; then
        # chown clears set-user-id bits, so the mode comes last.
        capture chmod -- "$mode" "$1" || {
            fail "Cannot change the mode of $1: $(said)"
            return 1
        }
    fi
}

file_directory() {
    look_at_path
    if [ "$kind" = d ]; then
        if ! mode_differs && ! user_differs && ! group_differs; then
            comment="The directory $path is in the correct state"
            return
        fi
    elif [ -n "$kind" ] || [ -L "$path" ]; then
        [ "$force" = 1 ] || {
            fail "Specified location $path exists and is not a directory"
            return
        }
    fi
    known_owner || return 0
    if [ "$kind" != d ]; then ready_folder "$path" || return 0; fi
    if [ "$kind" != d ]; then change s 'New Dir' "$path"; else note_access; fi
    if [ "$test" = 1 ]; then
        would "The directory $path is set to be changed"
        return
    fi
    if [ -n "$kind" ] && [ "$kind" != d ]; then paths_known=0; else forget_path "$at"; fi
    if [ "$kind" != d ]; then
        keep_original "$path"
        { [ -z "$kind" ] && [ ! -L "$path" ]; } || rm -f -- "$path"
        capture mkdir -- "$path" || {
            fail "Cannot make directory $path: $(said)"
            return
        }
        is_user='' is_uid='' is_group='' is_gid=''
    fi
    set_access "$path" && comment="Directory $path updated"
}

file_absent() {
    if [ ! -e "$path" ] && [ ! -L "$path" ]; then
        comment="File $path is not present"
        return
    fi
    change s "$path" removed
    if [ "$test" = 1 ]; then
        would "File $path is set for removal"
        return
    fi
    paths_known=0
    keep_original "$path"
    if [ -d "$path" ] && [ ! -L "$path" ]; then
        comment="Removed directory $path"
        capture rm -rf -- "$path"
    else
        comment="Removed file $path"
        capture rm -f -- "$path"
    fi || fail "Cannot remove $path: $(said)"
}

file_symlink() {
    local now_to='' fresh="${path%/*}/.drover-$nonce-$index"
    if [ -L "$path" ]; then
        now_to=$(readlink -- "$path" && echo .)
        now_to=${now_to%"$nl".}
        if [ "$now_to" = "$target" ]; then
            comment="Symlink $path is present and points to $target"
            return
        fi
    elif [ -e "$path" ] && [ "$force" = 0 ]; then
        fail "$path exists and is not a symlink; set force to replace it"
        return
    fi
    ready_folder "$path" || return 0
    change s "$target" new
    [ -z "$now_to" ] || change s "$now_to" old
    if [ "$test" = 1 ]; then
        would "Symlink $path to $target is set for creation"
        return
    fi
    paths_known=0
    keep_original "$path"
    if [ -d "$path" ] && [ ! -L "$path" ]; then capture rm -rf -- "$path"; fi
    if capture ln -s -- "$target" "$fresh" && capture move_over "$fresh" "$path"; then
        comment="Created new symlink $path -> $target"
        [ -z "$user$group" ] || capture chown -h -- "$user${group:+:$group}" "$path" || fail "Cannot own $path: $(said)"
    else
        fail "Cannot make symlink $path: $(said)"
        rm -f -- "$fresh"
    fi
}

# A rename that replaces a link to a directory instead of moving into it.
move_over() {
    mv -T -f -- "$1" "$2"
}
