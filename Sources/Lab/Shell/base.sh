#!/bin/sh
# Builds the root that every host of a lab starts from. Runs in mount and PID namespaces of its own, so that a build
# that is killed leaves no mount behind; the caller renames the finished directory into place. Follows apt.sh.
#
# usage: base.sh ROOT WORK DEBS CODENAME SOURCES PACKAGES
#   ROOT      directory to fill (must not exist)
#   WORK      directory of this build
#   DEBS      package files kept between builds
#   CODENAME  the Debian release, as in VERSION_CODENAME
#   SOURCES   file of deb822 sources to install from
#   PACKAGES  comma-separated list of packages
set -eu

root=$1 work=$2 debs=$3 codename=$4 sources=$5 packages=$6
machine_acquire > "$work/acquire.conf"

# Hooks get the root as $1; everything else reaches them through the environment.
export LAB_ARCHIVES="$debs"
# shellcheck disable=SC2016
mmdebstrap --quiet --mode=root --format=directory --variant=minbase \
    --aptopt='APT::Install-Recommends "false"' \
    --aptopt="$work/acquire.conf" \
    --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --skip=download/empty --skip=essential/unlink --skip=cleanup/apt \
    --setup-hook='mkdir -p "$1/var/cache/apt/archives"
        find "$LAB_ARCHIVES" -maxdepth 1 -name "*.deb" -exec cp -l -t "$1/var/cache/apt/archives" {} + 2>/dev/null ||
            find "$LAB_ARCHIVES" -maxdepth 1 -name "*.deb" -exec cp -t "$1/var/cache/apt/archives" {} +' \
    --customize-hook='cp -n "$1"/var/cache/apt/archives/*.deb "$LAB_ARCHIVES/"' \
    --include="$packages" \
    "$codename" "$root" "$sources" < /dev/null

# A bare host: no package lists, no caches, no keys or names that two hosts would share.
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*.log "$root"/var/log/apt
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial"
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/machine-id" "$root/var/lib/dbus/machine-id" "$root/etc/hostname"
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root"/etc/apt/sources.list.d/* "$root/etc/resolv.conf"
printf 'APT::Install-Recommends "false";\nAcquire::Languages "none";\n' > "$root/etc/apt/apt.conf.d/90lab"
printf 'deb [trusted=yes] file:/srv/repo ./\n' > "$root/etc/apt/sources.list"
mkdir -p "$root/srv/repo"

cat > "$root/etc/network/interfaces" <<'CONF'
# The loopback network interface
auto lo
iface lo inet loopback

# The primary network interface
auto eth0
iface eth0 inet dhcp
CONF
mkdir -p "$root/etc/ssh/sshd_config.d"
printf 'PermitRootLogin prohibit-password\nUseDNS no\n' > "$root/etc/ssh/sshd_config.d/50-lab.conf"

# cgroup v1 controllers arrive read-only in a container, and libvirt then starts no guest.
cat > "$root/etc/systemd/system/lab-cgroups.service" <<'UNIT'
[Unit]
Description=Make cgroup v1 controllers writable
DefaultDependencies=no
Before=sysinit.target
ConditionPathExists=!/sys/fs/cgroup/cgroup.controllers

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for c in /sys/fs/cgroup/*; do if mountpoint -q "$c"; then mount -o remount,bind,rw "$c" || :; fi; done'

[Install]
WantedBy=sysinit.target
UNIT
mkdir -p "$root/etc/systemd/system/sysinit.target.wants"
ln -s ../lab-cgroups.service "$root/etc/systemd/system/sysinit.target.wants/lab-cgroups.service"

# The settings of the host's own network arrive read-only too, and libvirt then starts no network of its own; all other
# settings are the machine's and stay so. Behind systemd-sysctl, which sees that they are not to be set.
cat > "$root/etc/systemd/system/lab-network-settings.service" <<'UNIT'
[Unit]
Description=Make the settings of this host's network writable
DefaultDependencies=no
After=systemd-sysctl.service
Before=sysinit.target

[Service]
Type=oneshot
ExecStart=/bin/mount --bind /proc/sys/net /proc/sys/net
ExecStart=/bin/mount -o remount,bind,rw /proc/sys/net

[Install]
WantedBy=sysinit.target
UNIT
ln -s ../lab-network-settings.service "$root/etc/systemd/system/sysinit.target.wants/lab-network-settings.service"

# There is no terminal to log in at and no disk to trim or check; the timers would only disturb measurements.
for unit in console-getty.service getty.target apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
