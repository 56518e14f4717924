# shellcheck shell=sh disable=SC2154
# Writes first-boot configuration into the disk of a VM that does not run yet, on its hypervisor. Everything that is
# written lies beside this script, or comes in variables set before it:
#   action   seed, or release: let go of a disk that a seeding left attached
#   work     directory of this VM's seeding: what is attached is noted there before it is
#   method   guestfs, or nbd: the kernel's network block device, or else an export by FUSE
#   disk, format, name, user
# Beside it: host_key, host_key.pub, authorized_keys, first_boot, and files with a line for each file: which, mode,
# owner, path.
#
# Links of the image are followed inside the image only, and nothing of it is run. Mounts are in a namespace of their own.
LC_ALL=C
export LC_ALL
umask 077

fail() {
    echo "$*"
    exit 1
}

# Prints the processes that were started with this word among theirs, whoever noted them or did not come to it.
started_with() {
    # Not as a word of grep's own, which would find itself.
    # shellcheck disable=SC2062
    printf '%s\n' "$1" | grep -lzxF --file=- /proc/[0-9]*/cmdline 2> /dev/null | sed 's|/proc/\(.*\)/cmdline|\1|'
}

# Waits until what follows is no longer so, 10 s at most.
gone() {
    rounds=0
    while [ -n "$("$@")" ]; do
        rounds=$((rounds + 1))
        [ $rounds -lt 100 ] || return 1
        sleep 0.1
    done
}

# Prints the process that seeds, if it is still that one: its number and when it began stand in a note.
seeder() {
    pid='' since=''
    { read -r pid since < "$work/owner"; } 2> /dev/null
    [ -n "$pid" ] && [ "$(began "$pid")" = "$since" ] && echo "$pid"
}
began() {
    { read -r line < "/proc/$1/stat"; } 2> /dev/null || return 0
    # The program's name stands in parentheses and may hold anything.
    # shellcheck disable=SC2086
    set -- ${line##*)}
    echo "${20}"
}

# Prints the process that exports the disk by FUSE, and the one that has guestfish's appliance.
exporter() { started_with "type=fuse,id=disk,node-name=disk,mountpoint=$work/disk,writable=on"; }
appliance() {
    [ -n "$disk" ] || return 0
    for each in $(started_with "$disk"); do
        if grep -qzx -e '--liste[n]' "/proc/$each/cmdline" 2> /dev/null; then echo "$each"; fi
    done
}
nbd_server() {
    if { read -r server < "/sys/block/${node#/dev/}/pid"; } 2> /dev/null; then
        started_with "$disk" | grep -x "$server"
    fi
}

# Detaches whatever is attached. Never removes more than its own notes: the image may still be mounted below.
release() {
    [ -d "$work" ] || return 0
    cd / || return 1
    sync
    if mountpoint -q "$work/root"; then umount "$work/root" || return 1; fi
    node=
    { read -r node < "$work/nbd"; } 2> /dev/null
    if [ -n "$node" ] && [ -n "$(nbd_server)" ]; then
        { qemu-nbd --disconnect "$node" > /dev/null && gone nbd_server; } || return 1
    fi
    for each in $(exporter) $(appliance); do kill "$each" 2> /dev/null; done
    { gone exporter && gone appliance; } || return 1
    if mountpoint -q "$work/disk"; then umount "$work/disk" || return 1; fi
    rm -f "$work/nbd" "$work/owner" "$work/of" "$work/disk" "$work/said" "$work/read" "$work/new"
    [ ! -d "$work/root" ] || rmdir "$work/root" || return 1
    rmdir "$work"
}

# --- Attaching

attach_nbd() {
    command -v qemu-nbd > /dev/null || return 1
    modprobe nbd max_part=0 2> /dev/null
    for node in /dev/nbd[0-9] /dev/nbd[0-9][0-9]; do
        { [ -b "$node" ] && [ ! -e "/sys/block/${node#/dev/}/pid" ]; } || continue
        echo "$node" > "$work/nbd"
        if qemu-nbd --connect="$node" --format="$format" --discard=unmap -- "$disk" > "$work/said" 2>&1; then
            device=$node
            return 0
        fi
        rm -f "$work/nbd"
    done
    return 1
}

attach_fuse() {
    command -v qemu-storage-daemon > /dev/null || fail 'there is neither the nbd module nor qemu-storage-daemon here'
    [ -c /dev/fuse ] || modprobe fuse 2> /dev/null
    : > "$work/disk"
    driver='file'
    [ ! -b "$disk" ] || driver=host_device
    # In QEMU's options a comma is written twice.
    file=$(printf %s "$disk" | sed 's/,/,,/g')
    qemu-storage-daemon --daemonize \
        --blockdev "driver=$driver,node-name=file,filename=$file" \
        --blockdev "driver=$format,node-name=disk,file=file,discard=unmap" \
        --export "type=fuse,id=disk,node-name=disk,mountpoint=$work/disk,writable=on" > "$work/said" 2>&1 ||
        fail "qemu-storage-daemon cannot export the disk: $(cat "$work/said")"
    device=$work/disk
}

# Mounts the first file system that has a root of Linux in it. Sets $top.
mount_root() {
    mkdir -p "$work/root"
    modprobe loop 2> /dev/null
    looked=0
    spans=$(partx --noheadings --bytes --output START,SIZE "$device" 2> /dev/null)
    while read -r start size; do
        [ -n "$start" ] || continue
        looked=$((looked + 1))
        mount -o "loop,nosuid,nodev,noexec,offset=$((start * 512)),sizelimit=$size" "$device" "$work/root" \
            2> "$work/said" || continue
        for below in '' /root /@ /@rootfs; do
            top=$work/root$below
            if [ -d "$top/etc" ] && [ ! -L "$top/etc" ] && [ ! -L "$top" ] && [ -e "$top/etc/passwd" ]; then return 0; fi
        done
        umount "$work/root"
    done << SPANS
${spans:-0 0}
SPANS
    fail "no root file system of Linux was found in $looked partitions (LVM and encrypted disks need --seed guestfs): $(cat "$work/said")"
}

attach_guestfs() {
    command -v guestfish > /dev/null || fail 'there is no guestfish here: install libguestfs-tools, or use --seed nbd'
    LIBGUESTFS_BACKEND=direct
    export LIBGUESTFS_BACKEND
    guestfish --listen --rw --format="$format" --add "$disk" --inspector > "$work/said" 2>&1 < /dev/null ||
        fail "guestfish cannot open the disk: $(cat "$work/said")"
    fishing=$(sed -n 's/^GUESTFISH_PID=\([0-9]*\).*/\1/p' "$work/said")
    [ -n "$fishing" ] || fail "guestfish did not start: $(cat "$work/said")"
    fish() { guestfish --remote="$fishing" -- "$@" 2> "$work/said" || fail "guestfish: $1: $(cat "$work/said")"; }
}

# --- The image, mounted or in guestfish's appliance

# Sets $real: where a path of the image leads, its links followed as the image itself would follow them.
inside() {
    rest=$1 real=$top hops=0
    while [ -n "$rest" ]; do
        part=${rest%%/*}
        case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
        case $part in
            '' | .) continue ;;
            ..)
                [ "$real" = "$top" ] || real=${real%/*}
                continue
                ;;
        esac
        if [ -L "$real/$part" ]; then
            hops=$((hops + 1))
            [ $hops -le 40 ] || fail "too many links in \"$1\" of the image"
            link=$(readlink -- "$real/$part" && echo .)
            link=${link%??}
            case $link in /*) real=$top ;; esac
            rest=$link/$rest
        else
            real=$real/$part
        fi
    done
}

# Whether the image has it.
has() {
    if [ "$method" = guestfs ]; then [ "$(fish exists "$1")" = true ]; else inside "$1" && [ -e "$real" ]; fi
}

# Its text as $work/read; nothing where there is none.
look_at() {
    : > "$work/read"
    if ! has "$1"; then :; elif [ "$method" = guestfs ]; then fish download "$1" "$work/read"; else cat "$real" > "$work/read"; fi
}

# $1: a directory of the image, made if it is missing, then with $2 mode and $3:$4 owner
folder() {
    ! has "$1" || return 0
    if [ "$method" = guestfs ]; then
        fish mkdir-p "$1"
        fish chmod "$2" "$1"
        fish chown "$3" "$4" "$1"
    else
        inside "$1"
        { (umask 022 && mkdir -p "$real") && chmod "$2" "$real" && chown "$3:$4" "$real"; } || fail "cannot make \"$1\""
    fi
}

# $1: a file here, $2: its path in the image, $3 mode, $4:$5 owner
put() {
    if [ "$method" = guestfs ]; then
        folder "${2%/*}/" 0755 0 0
        fish upload "$1" "$2"
        fish chmod "$3" "$2"
        fish chown "$4" "$5" "$2"
        return
    fi
    inside "$2"
    [ ! -d "$real" ] || fail "\"$2\" is a directory of the image"
    rm -f "$real.drover-new"
    {
        (umask 022 && mkdir -p "${real%/*}") &&
            cat "$1" > "$real.drover-new" && chown "$4:$5" "$real.drover-new" && chmod "$3" "$real.drover-new" &&
            mv -f "$real.drover-new" "$real"
    } || fail "cannot write \"$2\" into the image"
}

put_text() {
    printf '%s\n' "$1" > "$work/new"
    put "$work/new" "$2" "$3" 0 0
}

# $1: a link of the image, $2: what it points to
put_link() {
    folder "${1%/*}/" 0755 0 0
    if [ "$method" = guestfs ]; then
        fish ln-sf "$2" "$1"
    else
        inside "${1%/*}"
        ln -sf "$2" "$real/${1##*/}" || fail "cannot write \"$1\" into the image"
    fi
}

# Prints fields of a name in the image's /etc/passwd or /etc/group.
entry() {
    look_at "/etc/$1"
    wanted=$2 awk -F : -v which="$3" '$1 == ENVIRON["wanted"] { print $which; exit }' "$work/read"
}

# Sets $number: of a user or group, itself a number or a name of the image.
number_of() {
    case $2 in
        *[!0-9]* | '') number=$(entry "$1" "$2" 3) ;;
        *) number=$2 ;;
    esac
    [ -n "$number" ] || fail "the image has no \"$2\" in /etc/$1"
}

# --- What is seeded

seed_keys() {
    if [ -s host_key ]; then
        put host_key /etc/ssh/ssh_host_ed25519_key 0600 0 0
        put host_key.pub /etc/ssh/ssh_host_ed25519_key.pub 0644 0 0
    fi
    [ -s authorized_keys ] || return 0
    number_of passwd "$user"
    owner=$number
    circle=$(entry passwd "$user" 4)
    home=$(entry passwd "$user" 6)
    folder "$home/.ssh" 0700 "$owner" "$circle"
    look_at "$home/.ssh/authorized_keys"
    {
        cat "$work/read"
        [ -z "$(tail -c 1 "$work/read")" ] || echo
        grep -vxFf "$work/read" authorized_keys
    } > "$work/new"
    put "$work/new" "$home/.ssh/authorized_keys" 0600 "$owner" "$circle"
}

seed_files() {
    while read -r each mode owner path; do
        number_of passwd "${owner%%:*}"
        holder=$number
        case $owner in *:*) number_of group "${owner#*:}" ;; *) number_of group root ;; esac
        put "$each" "$path" "$mode" "$holder" "$number"
    done < files
}

seed_first_boot() {
    [ -s first_boot ] || return 0
    script=/var/lib/drover/first-boot
    put first_boot "$script" 0700 0 0
    if has /usr/lib/systemd/systemd || has /lib/systemd/systemd; then
        unit=/etc/systemd/system/drover-first-boot.service
        put_text "[Unit]
Description=What Drover was asked to run at first boot
ConditionPathExists=$script
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=$script
ExecStartPost=/bin/rm -f $script

[Install]
WantedBy=multi-user.target" "$unit" 0644
        put_link /etc/systemd/system/multi-user.target.wants/drover-first-boot.service "$unit"
    elif has /etc/runlevels/default; then
        put_text "#!/bin/sh
if [ -x $script ]; then $script && rm -f $script; fi" /etc/local.d/drover-first-boot.start 0755
        put_link /etc/runlevels/default/local /etc/init.d/local
    else
        fail 'the image has neither systemd nor OpenRC to run a first-boot script'
    fi
}

seed_all() {
    put_text "$name" /etc/hostname 0644
    seed_keys
    seed_files
    seed_first_boot
    # Machines of one image would be one machine to DHCP servers.
    look_at /etc/machine-id
    if [ -s "$work/read" ]; then
        : > "$work/new"
        put "$work/new" /etc/machine-id 0444 0 0
    fi
    if has /etc/selinux/config; then put_text '' /.autorelabel 0600; fi
}

if [ "$action" = release ]; then
    [ -d "$work" ] || exit 0
    disk=$(cat "$work/of" 2> /dev/null)
    # A seeding that is still at work is ended first, and lets go itself.
    for each in $(seeder); do kill "$each"; done
    gone seeder || fail 'the seeding of its disk does not end'
    release || fail "the disk is still attached: look at $work"
    exit 0
fi

if [ "${1-}" != alone ] && unshare --mount true 2> /dev/null; then
    exec unshare --mount --propagation private /bin/sh "$0" alone
fi
mkdir -m 0700 "$work" 2> /dev/null || fail "the disk is being seeded already, or a seeding was cut off: $work"
here=$(pwd)
trap 'code=$?; trap "" INT TERM HUP PIPE; release || { echo "the disk is still attached: look at $work"; code=1; }; exit $code' EXIT
trap 'exit 1' INT TERM HUP PIPE
echo "$$ $(began $$)" > "$work/owner"
printf '%s\n' "$disk" > "$work/of"
if [ "$method" = guestfs ]; then
    attach_guestfs
else
    attach_nbd || attach_fuse
    mount_root
fi
cd "$here" || exit 1
seed_all
