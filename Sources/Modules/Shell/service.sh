# shellcheck shell=sh disable=SC3043,SC2034,SC2154,SC2015
# States of services. They read $unit and its number $at, $enable (yes, no or nothing), $reload.

look_at_unit() {
    look_at_units
    eval "load=\$load_$at active=\$active_$at enabled=\$enabled_$at stale=\$stale_$at"
}

systemd() {
    [ -d /run/systemd/system ]
}

is_active() {
    case $active in active | reloading | activating | refreshing) ;; *) return 1 ;; esac
}

# Neither enabled by links of their own nor in need of any.
is_enabled() {
    case $enabled in enabled | enabled-runtime | static | alias | indirect | generated | linked-runtime | transient) ;; *) return 1 ;; esac
}

has_unit() {
    case $load in
        masked) fail "The service $unit is masked" ;;
        not-found | error | bad-setting) fail_for_now "The named service $unit is not available" ;;
        *) return 0 ;;
    esac
    return 1
}

# Files that came since systemd read its own.
reread_units() {
    [ "$stale" != yes ] || capture systemctl daemon-reload
}

control() {
    if systemd; then
        capture systemctl "$1" -- "$unit"
    else
        capture "/etc/init.d/${unit%.service}" "$1"
    fi
}

set_enabled() {
    local verb="$1"
    if systemd; then
        capture systemctl "$verb" -- "$unit"
    elif command -v update-rc.d >/dev/null; then
        capture update-rc.d "${unit%.service}" "$verb"
    elif command -v rc-update >/dev/null; then
        if [ "$verb" = enable ]; then capture rc-update add "${unit%.service}" default; else capture rc-update del "${unit%.service}"; fi
    else
        capture chkconfig "${unit%.service}" "$([ "$verb" = enable ] && echo on || echo off)"
    fi
}

start_unit() {
    control start && return
    case $unit in *.socket) ;; *) return 1 ;; esac
    # A socket cannot be opened for a service that already runs without it. Once more with the service stopped; it then
    # comes back with all its sockets.
    local service
    service=$(systemctl show -p Triggers --value -- "$unit")
    [ -n "$service" ] && systemctl is-active --quiet -- "$service" || return 1
    capture systemctl stop -- "$service" && control start && capture systemctl start -- "$service"
}

why_not() {
    printf '%s' "$(said)"
    ! systemd || systemctl status --lines=10 --no-pager -- "$unit" 2>&1 | tail -c 1500
}

service_running() {
    local todo='' was_active=0
    look_at_unit
    has_unit || return 0
    ! is_active || was_active=1
    if [ $was_active = 0 ]; then todo=start; fi
    if [ "$enable" = yes ] && ! is_enabled; then todo="$todo enable"; fi
    if [ "$enable" = no ] && is_enabled && [ "$enabled" != static ]; then todo="$todo disable"; fi
    if [ -z "$todo" ]; then
        comment="The service $name is already running"
        return
    fi
    if [ "$test" = 1 ]; then
        change t '' "$name"
        case $todo in start*) would "Service $name is set to start" ;; *) would "Service $name is set to be${todo}d" ;; esac
        return
    fi
    units_known=0
    reread_units
    keep_unit "$unit"
    case $todo in *enable | *disable)
        set_enabled "${todo##* }" || {
            fail "Failed to ${todo##* } the service $name: $(said)"
            return
        }
        ;;
    esac
    if [ $was_active = 0 ]; then
        start_unit || {
            fail "Service $name failed to start: $(why_not)"
            return
        }
        look_at_unit
        is_active || [ "$load" = not-found ] || {
            fail "Service $name was started but is $active"
            return
        }
        comment="Started service $name"
        [ "$todo" = start ] || comment="Service $name has been ${todo##* }d, and is running"
    else
        comment="Service $name has been ${todo##* }d, and is in the desired state"
    fi
    change t '' "$name"
    forget_all
}

# What a watch does to a service: restart, or reload if that is asked for; a stopped one is started.
service_again() {
    local verb=restart
    look_at_unit
    has_unit || return 0
    [ "$reload" = 0 ] || verb=reload
    is_active || verb=start
    if [ "$test" = 1 ]; then
        change t '' "$name"
        would "Service is set to be ${verb}ed"
        return
    fi
    units_known=0
    reread_units
    if [ $verb = start ]; then start_unit; else control $verb; fi || {
        fail "Failed to $verb the service $name: $(why_not)"
        return
    }
    look_at_unit
    is_active || {
        fail "The service $name is $active after its $verb"
        return
    }
    change t '' "$name"
    comment="Service ${verb}ed"
    forget_all
}

service_dead() {
    local todo=''
    look_at_unit
    case $load in not-found | error | bad-setting)
        comment="The named service $name is not available"
        return
        ;;
    esac
    ! is_active || todo=stop
    if [ "$enable" = no ] && is_enabled && [ "$enabled" != static ]; then todo="$todo disable"; fi
    if [ "$enable" = yes ] && ! is_enabled; then todo="$todo enable"; fi
    if [ -z "$todo" ]; then
        comment="The service $name is already dead"
        return
    fi
    change t '' "$name"
    if [ "$test" = 1 ]; then
        would "Service $name is set to be killed"
        return
    fi
    units_known=0
    reread_units
    keep_unit "$unit"
    case $todo in *able)
        set_enabled "${todo##* }" || {
            fail "Failed to ${todo##* } the service $name: $(said)"
            return
        }
        ;;
    esac
    case $todo in stop*)
        control stop || {
            fail "The service $name failed to die: $(why_not)"
            return
        }
        ;;
    esac
    comment="Service $name was killed"
    forget_all
}

# For service.enabled and service.disabled: $1 is the verb.
service_set() {
    look_at_unit
    if [ "$1" = enable ]; then
        has_unit || return 0
        ! is_enabled || {
            comment="Service $name is already enabled, and is in the desired state"
            return
        }
    elif ! is_enabled || [ "$enabled" = static ]; then
        comment="Service $name is already disabled, and is in the desired state"
        return
    fi
    change t '' "$name"
    if [ "$test" = 1 ]; then
        would "Service $name set to be ${1}d"
        return
    fi
    units_known=0
    reread_units
    keep_unit "$unit"
    set_enabled "$1" || {
        fail "Failed to $1 the service $name: $(said)"
        return
    }
    comment="Service $name has been ${1}d, and is in the desired state"
}

# For service.masked and service.unmasked.
service_mask() {
    look_at_unit
    local is=unmask
    case $load/$enabled in masked/* | */masked*) is=mask ;; esac
    if [ $is = "$1" ]; then
        comment="Service $name is already ${1}ed"
        return
    fi
    change t '' "$name"
    if [ "$test" = 1 ]; then
        would "Service $name is set to be ${1}ed"
        return
    fi
    units_known=0
    capture systemctl "$1" -- "$unit" || {
        fail "Failed to $1 the service $name: $(said)"
        return
    }
    comment="Service $name has been ${1}ed"
}
