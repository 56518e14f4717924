#!/bin/sh
# Whether this host reaches another one's libvirt over TLS, and a port of it. Run by a script that sets the variables
# `uri` and `data` (empty: no port); prints `api yes`, or `api no` with virsh's words, and the same for `data`.
#
# shellcheck disable=SC2154
LC_ALL=C
export LC_ALL

words() { printf %s "$1" | head -c 1000 | tr '\n' ' '; }

# ask URI: whether virsh gets an answer, with its words in `said`; 124 for none in time.
ask() {
    said=$(timeout 8 virsh -q -c "$1" hostname 2>&1)
    code=$?
    case $code in
        124 | 143) code=124 said='nothing answers within 8 seconds' ;;
    esac
    return "$code"
}

if ask "$uri"; then echo "api yes"; else echo "api no $(words "$said")"; fi

# What listens there says nothing and ends: only whether virsh gets as far as talking to it counts.
if [ -n "$data" ]; then
    ask "$data"
    case $code:$said in
        124:* | *'unable to connect to server'*) echo "data no $(words "$said")" ;;
        *) echo "data yes" ;;
    esac
fi
