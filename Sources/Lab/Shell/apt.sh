#!/bin/sh
# Put before the scripts that download: the machine's own apt with its proxies, but blind to all else it is set to.
umask 022

# The settings that decide how the machine reaches its mirrors.
machine_acquire() {
    apt-config dump Acquire | grep '^Acquire::\(http\|https\|Retries\|ForceIPv[46]\|Check-Valid-Until\)' || :
}

# Points apt at a state of its own.
# $1: directory for it, $2: dpkg's status file to resolve dependencies against, $3: file of deb822 sources
apt_alone() {
    rm -rf "$1"
    mkdir -p "$1/lists/partial" "$1/cache"
    {
        machine_acquire
        cat <<CONF
Acquire::Languages "none";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Dir::State "$1";
Dir::State::lists "$1/lists";
Dir::State::status "$2";
Dir::State::extended_states "$1/extended_states";
Dir::Cache "$1/cache";
Dir::Etc::sourcelist "$3";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
CONF
    } > "$1/apt.conf"
    export APT_CONFIG="$1/apt.conf" DEBIAN_FRONTEND=noninteractive
    apt-get -qq update < /dev/null
}
