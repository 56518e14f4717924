# shellcheck shell=sh disable=SC3043,SC2034,SC2154,SC2015,SC2086
# virt.keys: certificates and keys of libvirt (plane api) and of QEMU (plane data). Each plane has version folders inside
# its own directory (AppArmor sees through links, so they must lie there), and one link that tells the current one; the
# names that everybody knows are links through it. One rename exchanges a plane.
# The program calls key_file for each file, then virt_keys.

begin_keys() {
    basepath=$1 key_version=$2 key_list='' api_moved=0 data_moved=0 keys_missing=''
    look_at_paths
}

# A file: number of its path, plane, name for people, path of the link, target of the link from it, file name in a
# version, hash, blob, mode, group.
key_file() {
    local number="$1" plane="$2" title="$3" link="$4" target="$5" file="$6" sum="$7" group_wanted="${10}"
    local kind hash mode_is uid group_is gid points=''
    eval "kind=\$kind_$number hash=\$hash_$number mode_is=\$mode_$number uid=\$uid_$number group_is=\$group_$number gid=\$gid_$number"
    [ "$group_wanted" != qemu ] || group_wanted=$qemu_group
    key_list="$key_list$plane$tab$link$tab$target$tab$file$tab$8$tab$9$tab$group_wanted$nl"
    if [ "$kind" != f ]; then
        change s new "$title"
    elif [ "$hash" != "$sum" ]; then
        change s update "$title"
    else
        [ "$mode_is" = "${9#0}" ] && [ "$uid" = 0 ] && { [ "$group_is" = "$group_wanted" ] || [ "$gid" = "$group_wanted" ]; } && [ -L "$link" ] && return
        change s update "$title"
        hash=
    fi
    eval "${plane}_moved=1"
    # What is no longer at the controller must be here already.
    if [ -n "$hash" ] && [ ! -f "$run/$8" ]; then keys_missing="$keys_missing $title"; fi
    if [ "$kind" != f ] && [ ! -f "$run/$8" ]; then keys_missing="$keys_missing $title"; fi
}

# Whose group the processes of QEMU are in.
find_qemu_group() {
    local candidate group
    qemu_group=
    for candidate in libvirt-qemu qemu kvm; do
        group=$candidate
        if have_group; then
            qemu_group=$candidate
            return
        fi
    done
}

virt_keys() {
    local key went
    # Files that were exchanged by a run that could not have them read.
    local unread="$pending/tls-reload"
    if [ $api_moved$data_moved = 00 ] && [ ! -e "$unread" ]; then
        comment='All keys are correct'
        return
    fi
    if [ "$test" = 1 ]; then
        would 'Libvirt keys are set to be updated'
        return
    fi
    if [ -n "$keys_missing" ]; then
        fail "What the host has is not what the authority issued, and the authority keeps no keys:$keys_missing must be issued anew"
        return
    fi
    if [ -z "$qemu_group" ] && [ $data_moved = 1 ]; then
        fail 'There is no group of QEMU (libvirt-qemu, qemu or kvm): install QEMU and libvirt first'
        return
    fi
    paths_known=0
    # Roles open libvirt's port, with the service stopped, when the certificates are there.
    for key in libvirtd.service virtproxyd.service libvirtd-tls.socket virtproxyd-tls.socket; do
        ! systemctl cat "$key" >/dev/null 2>&1 || keep_unit "$key"
    done
    # Written for root alone; each file is opened to whom it is for when it is whole.
    umask 077
    ! { [ $api_moved = 1 ] && ! exchange_plane api libvirt; } && ! { [ $data_moved = 1 ] && ! exchange_plane data qemu; }
    went=$?
    umask 022
    [ $went = 0 ] || return 0
    comment='Updated libvirt certs and keys'
    [ $api_moved = 1 ] || [ -e "$unread" ] || return 0
    key=tls-reload
    keep_event
    reload_tls
    [ "$result" = false ] || rm -f "$unread"
}

# Makes a version of a plane beside the others and makes it the current one.
exchange_plane() {
    local plane="$1" home="$basepath/$2" folder last='' each link target file blob bits group kind
    printf '%s' "$key_list" >"$work/keys"
    make_folder "$basepath" && make_folder "$home" || return 1
    keep_tree "$home/versions"
    make_folder "$home/versions" || return 1
    folder=$key_version
    [ ! -e "$home/versions/$folder" ] || folder=$key_version.$nonce
    capture mkdir -m 0755 "$home/versions/$folder" || {
        fail "Cannot make $home/versions/$folder: $(said)"
        return 1
    }
    while IFS="$tab" read -r kind link target file blob bits group; do
        [ "$kind" = "$plane" ] || continue
        each=$home/versions/$folder/$file
        if [ -f "$run/$blob" ]; then cat "$run/$blob" >"$each"; else cat "$link" >"$each"; fi && chown "root:$group" "$each" && chmod "$bits" "$each" || {
            fail "Cannot write $each: $(said)"
            return 1
        }
    done <"$work/keys"
    sync
    last=$(readlink "$home/current" 2>/dev/null)
    keep_foreign
    keep_original "$home/current"
    { capture ln -s "versions/$folder" "$home/.current.$nonce" && capture mv -T -f "$home/.current.$nonce" "$home/current"; } || {
        fail "Cannot make version $folder the current one: $(said)"
        return 1
    }
    while IFS="$tab" read -r kind link target file blob bits group; do
        [ "$kind" = "$plane" ] || continue
        [ "$(readlink "$link" 2>/dev/null)" != "$target" ] || continue
        make_folder "${link%/*}" || return 1
        keep_original "$link"
        capture ln -s "$target" "$link.$nonce" && capture mv -T -f "$link.$nonce" "$link" || {
            fail "Cannot make the link $link: $(said)"
            return 1
        }
    done <"$work/keys"
    for each in "$home"/versions/*; do
        case ${each##*/} in "$folder" | "${last#versions/}" | before) ;; *) rm -rf "$each" ;; esac
    done
}

# Files that stand where the links are to be are kept.
keep_foreign() {
    while IFS="$tab" read -r kind link target file blob bits group; do
        if [ "$kind" = "$plane" ] && [ -f "$link" ] && [ ! -L "$link" ]; then
            mkdir -p "$home/versions/before" && cp -p "$link" "$home/versions/before/$file"
        fi
    done <"$work/keys"
}

make_folder() {
    local bits=0755
    [ ! -d "$1" ] || return 0
    case $1 in */private) bits=0700 ;; esac
    case $1 in */versions) ;; *) keep_original "$1" ;; esac
    capture mkdir -m "$bits" "$1" || {
        fail "Cannot make $1: $(said)"
        return 1
    }
}

main_pid() {
    systemctl show -p MainPID --value "$1.service" 2>/dev/null
}

# Has the daemon read its files again, without a restart. libvirt frees what handshakes under way still use, so new
# connections are held back for a moment: by a rule that ends by itself, should this be cut short.
reload_tls() {
    local daemon='' each before
    [ -d /run/systemd/system ] || return 0
    for each in libvirtd virtproxyd; do
        if systemctl is-active --quiet "$each.service"; then daemon=$each; fi
    done
    [ -n "$daemon" ] || return 0
    before=$(main_pid "$daemon")
    admin "$daemon" server-clients-info "$daemon" || {
        fail "The new files are in place, but $daemon does not answer virt-admin: $(said)"
        return
    }
    hold_connections || return 0
    settle_handshakes "$daemon"
    if ! admin "$daemon" server-update-tls "$daemon"; then
        # A daemon that does not serve TLS reads the files when it begins to.
        grep -qi 'no tls service' "$work/out" || fail "The new files are in place, but $daemon did not read them: $(said)"
    else
        comment="$comment; $daemon reads them without a restart"
        change t '' reloaded
    fi
    sleep 0.1
    nft delete table inet drover_hold >/dev/null 2>&1
    sleep 0.1
    [ "$(main_pid "$daemon")" = "$before" ] || fail "$daemon did not survive the reload of its certificates: it was restarted"
}

admin() {
    local daemon="$1"
    shift
    capture timeout 10 virt-admin -c "$daemon:///system" "$@"
}

hold_connections() {
    command -v nft >/dev/null || {
        fail "The new files are in place, but there is no nft to hold connections back while libvirt reads them: install nftables and apply again, or restart libvirt"
        return 1
    }
    nft delete table inet drover_hold >/dev/null 2>&1
    printf '%s\n' 'table inet drover_hold {' 'set held { type inet_service; flags timeout; }' \
        'chain input { type filter hook input priority -300; policy accept;' \
        'tcp dport @held tcp flags & (syn | ack) == syn drop; }' '}' \
        'add element inet drover_hold held { 16514 timeout 5s }' >"$work/hold.nft"
    capture nft -f "$work/hold.nft" || {
        fail "The new files are in place, but connections cannot be held back while libvirt reads them: $(said)"
        return 1
    }
    sleep 0.2
}

# Waits until nobody is in a handshake; who stays in one for two seconds is cut off.
settle_handshakes() {
    local tries=0 waiting
    while [ $tries -lt 20 ]; do
        admin "$1" server-clients-info "$1" || return
        waiting=$(sed -n 's/^nclients_unauth *: *//p' "$work/out")
        [ "${waiting:-0}" != 0 ] || return 0
        sleep 0.1
        tries=$((tries + 1))
    done
    admin "$1" server-clients-list "$1"
    cp "$work/out" "$work/clients"
    while read -r client _; do
        case $client in '' | *[!0-9]*) continue ;; esac
        admin "$1" client-info "$1" "$client" || continue
        grep -q '^transport *: *tls' "$work/out" && ! grep -q '^tls_x509_dname' "$work/out" || continue
        admin "$1" client-disconnect "$1" "$client"
    done <"$work/clients"
}
