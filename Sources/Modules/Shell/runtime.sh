# shellcheck shell=sh disable=SC3043,SC2034,SC2154,SC2030,SC2031,SC2015,SC2086
# The runtime of a program: records, the clock, requisites. Each state leaves result_N and changed_N behind, so that
# nothing waits for the controller. Set before it: nonce, test, show_diff, and path_N, package_N, unit_N to look at.
tab='	'
nl='
'
cr=$(printf '\r')
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=${HOME:-/root}
DEBIAN_FRONTEND=noninteractive
APT_LISTCHANGES_FRONTEND=none
NEEDRESTART_MODE=l
NEEDRESTART_SUSPEND=1
UCF_FORCE_CONFFOLD=1
SYSTEMD_PAGER=''
SYSTEMD_COLORS=0
export LC_ALL PATH HOME DEBIAN_FRONTEND APT_LISTCHANGES_FRONTEND NEEDRESTART_MODE NEEDRESTART_SUSPEND
export UCF_FORCE_CONFFOLD SYSTEMD_PAGER SYSTEMD_COLORS
unset CDPATH ENV BASH_ENV IFS

# Sets $escaped: the text with backslash, tab, line feed and carriage return written as two characters. Forks nothing.
escape() {
    escaped=$1
    case $1 in *[\\"$tab$nl$cr"]*) ;; *) return ;; esac
    swap "$escaped" "\\" "\\\\"
    swap "$escaped" "$tab" "\\t"
    swap "$escaped" "$nl" "\\n"
    swap "$escaped" "$cr" "\\r"
}

swap() {
    local rest="$1"
    escaped=
    while :; do
        case $rest in
            *"$2"*)
                escaped=$escaped${rest%%"$2"*}$3
                rest=${rest#*"$2"}
                ;;
            *) break ;;
        esac
    done
    escaped=$escaped$rest
}

# Sets $line to a record of the given fields.
compose() {
    local field
    line="@drover:$nonce"
    for field; do
        escape "$field"
        line=$line$tab$escaped
    done
}

record() {
    compose "$@"
    printf '%s\n' "$line" >&3
}

# Sets $now, microseconds since 1970. /proc/uptime costs no fork; bash has a finer clock.
clock() {
    local up=
    if [ -n "${EPOCHREALTIME-}" ]; then
        now=${EPOCHREALTIME%.*}${EPOCHREALTIME#*.}
        return
    fi
    { read -r up _ </proc/uptime; } 2>/dev/null
    case $up in
        *.??) now=$((anchor + (${up%.*}${up#*.} - anchor_up) * 10000)) ;;
        *) now=$anchor ;;
    esac
}

anchor_clock() {
    local up=0.00 stamp
    stamp=$(date '+%s %N 1%H 1%M 1%S')
    set -- $stamp
    case $2 in *[!0-9]* | '') set -- "$1" 000000000 "$3" "$4" "$5" ;; esac
    { read -r up _ </proc/uptime; } 2>/dev/null
    anchor_up=${up%.*}${up#*.}
    anchor=$1${2%???}
    day=$((((($3 - 100) * 60 + $4 - 100) * 60 + $5 - 100) * 1000000 + 1${2%???} - 1000000))
}

# Sets $timestamp: HH:MM:SS.ffffff of a $now.
tell_time() {
    local at=$(((day + $1 - anchor) % 86400000000)) hours minutes seconds part
    hours=$((100 + at / 3600000000))
    minutes=$((100 + at / 60000000 % 60))
    seconds=$((100 + at / 1000000 % 60))
    part=$((1000000 + at % 1000000))
    timestamp=${hours#1}:${minutes#1}:${seconds#1}.${part#1}
}

open_run() {
    run=${DROVER_RUN:?}
    work=$run/work
    mkdir -m 0700 "$work" || exit 70
    # Records go to descriptor 3; whatever else is printed ends here and can never look like a record.
    exec 3>&1 >"$work/stray" 2>&1
    umask 022
    cd / || exit 70
    pending=${run%/*}/pending
    number=0 failures=0 unapplied=0 stopped='' paths_known=0 paths_stale='' packages_known=0 units_known=0 lists_fresh=0
    me=$(id -u)
    anchor_clock
    record begin 1 "$test"
}

close_run() {
    local rc=0
    [ "$failures" -eq 0 ] || rc=2
    record end "$rc" "$failures"
    exit "$rc"
}

# A change: kind (s text, i number, t true, f false, n null, b base64 of text, m empty mapping,
# j all changes as a mapping in base64 of JSON), value, then the path of keys.
change() {
    compose change "$index" "$@"
    changes=$changes$line$nl
    changed=1
}

fail() {
    result=false
    comment=$1
}

# A failure that changes not yet applied may cure: in test mode it is unknown, not a failure.
fail_for_now() {
    soft=1
    fail "$1"
}

would() {
    result=null
    comment=$1
}

# Runs a command with its output in a file; its tail is what $(said) gives.
capture() {
    "$@" >"$work/out" 2>&1 </dev/null 3>&-
}

said() {
    tail -c 2000 "$work/out"
}

# Sets $encoded: a file's content in base64, its middle left out above 64 KiB.
encode_file() {
    local size
    size=$(wc -c <"$1")
    if [ "$size" -le 65536 ]; then
        encoded=$(base64 <"$1" | tr -d '\n')
    else
        encoded=$({
            head -c 32768 "$1"
            printf '\n[... %s bytes left out ...]\n' "$((size - 65536))"
            tail -c 32768 "$1"
        } | base64 | tr -d '\n')
    fi
}

# What may have changed anything on the host makes everything that is known about it old.
forget_all() {
    paths_known=0 packages_known=0 units_known=0
}

begin_state() {
    index=$1 key=$2 shown='' go='' result=true comment='' changes='' changed=0 again=0 ran=1 waits='' soft=0 checks=''
    attempts=1 until=true interval=0
    clock
    since=$now
    record progress "$index"
    if [ -n "$stopped" ]; then
        go=stop ran=0
        fail "Not run: $stopped failed and failhard is set"
    fi
}

labels_of() {
    local target label
    labels=
    for target; do
        eval "label=\$label_$target"
        labels=${labels:+$labels, }$label
    done
}

# One kind of requisite with the states it names; the first that stands in the way decides.
need() {
    local kind="$1" target state change_seen bad='' good='' moved=0
    shift
    for target; do
        eval "state=\${result_$target-} change_seen=\${changed_$target-0}"
        case $state in
            false) bad="$bad $target" ;;
            *)
                good="$good $target"
                [ "$change_seen" = 0 ] || moved=1
                [ "$state" != null ] || waits="$waits $target"
                ;;
        esac
    done
    [ -n "$go" ] || case $kind in
        require | watch) [ -z "$bad" ] || refuse $bad ;;
        require_any | watch_any) [ -n "$good" ] || refuse $bad ;;
        onchanges | onchanges_any)
            [ $moved = 1 ] || skip 'State was not run because none of the onchanges reqs changed' ;;
        onfail | onfail_any)
            [ -n "$bad" ] || skip 'State was not run because onfail req did not change' ;;
        onfail_all)
            [ -z "$good" ] || skip 'State was not run because onfail req did not change' ;;
    esac
    case $kind in
        watch | watch_any)
            if [ $moved = 1 ] || [ -e "$pending/$key" ]; then again=1; fi
            # An event that cannot be answered now is answered by the next run: /run forgets it at a reboot, as it should.
            if [ "$go" = fail ] && [ $moved = 1 ] && [ "$test" = 0 ]; then keep_event; fi
            ;;
    esac
}

keep_event() {
    { [ -d "$pending" ] || mkdir -m 0700 "$pending"; } && : >"$pending/$key"
}

refuse() {
    go=fail ran=0
    labels_of "$@"
    fail "One or more requisite failed: $labels"
}

skip() {
    go=skip ran=0 result=true comment=$1
}

# Would the state in $1 change anything? Asked in a subshell, so that nothing it learns or says stays.
need_prereq() {
    [ -z "$go" ] || return 0
    local target answer=0 any=0
    for target; do
        (
            test=1 changes='' changed=0 result=true
            "do_$target"
            [ "$result" = null ] || exit 1
        )
        answer=$?
        [ $answer -ne 0 ] || any=1
    done
    [ $any = 1 ] || skip 'No changes detected'
}

run_text() {
    (cd "${cwd:-/}" && exec "${shell_path:-/bin/sh}" -c "$1") >"$work/out" 2>&1 </dev/null 3>&-
}

only_if() {
    [ -z "$go" ] || return 0
    local text
    for text; do
        run_text "$text" || {
            skip 'onlyif condition is false'
            return
        }
    done
}

unless() {
    [ -z "$go" ] || return 0
    local text
    for text; do run_text "$text" || return 0; done
    skip 'unless condition is true'
}

creates() {
    [ -z "$go" ] || return 0
    local file
    for file; do [ -e "$file" ] || return 0; done
    if [ $# -eq 1 ]; then skip "$1 exists"; else skip 'All files in creates exist'; fi
}

attempt() {
    result=true comment='' changes='' changed=0 soft=0
    "do_$index"
    if [ "$again" = 1 ] && [ "$result" != false ] && [ $changed = 0 ] && [ "$1" = watches ]; then
        comment=
        "again_$index"
    fi
    [ "$test" = 0 ] && [ "$result" != false ] || return 0
    local text
    for text in $checks; do
        eval "text=\$$text"
        run_text "$text" || {
            fail 'check_cmd determined the state failed'
            return 0
        }
        comment='check_cmd determined the state succeeded'
    done
}

# Runs the state unless a requisite stands in the way, again if it may be retried, and reports it.
apply_state() {
    local tries=1
    if [ -z "$go" ]; then
        attempt "$1"
        while [ "$test" = 0 ] && [ "$result" != "$until" ] && [ $tries -lt "$attempts" ]; do
            sleep "$interval"
            tries=$((tries + 1))
            attempt "$1"
        done
        [ $tries -eq 1 ] || comment="Attempt $tries of $attempts: $comment"
        answer_event
    fi
    finish_state
}

# An event is answered once its state has gone well.
answer_event() {
    [ "$test" = 0 ] && [ "$again" = 1 ] || return 0
    if [ "$result" = false ]; then keep_event; elif [ -e "$pending/$key" ]; then rm -f "$pending/$key"; fi
}

finish_state() {
    local millis
    if [ "$test" = 1 ] && [ -n "$waits" ] && [ -z "$go" ]; then
        labels_of $waits
        if [ "$result" = false ] && [ $soft = 1 ]; then
            would "Cannot be foretold before what it depends on is applied ($labels): $comment"
        elif [ "$result" = null ]; then
            comment="$comment${nl}Depends on changes that are not applied: $labels"
        fi
    elif [ "$test" = 1 ] && [ "$result" = false ] && [ $soft = 1 ] && [ $unapplied = 1 ]; then
        # States run in the order in which they are written: any of them may be what it waits for.
        would "Cannot be foretold before the states before it are applied: $comment"
    fi
    [ "$result" != null ] || unapplied=1
    [ "$result" != null ] || changed=1
    eval "result_$index=\$result changed_$index=\$changed"
    clock
    tell_time "$since"
    millis=$((now - since))
    millis=$((millis / 1000)).$((millis / 100 % 10))
    compose state "${shown:-$index}" "$number" "$result" "$timestamp" "$millis" "$ran" "$comment"
    printf '%s%s\n' "$changes" "$line" >&3
    number=$((number + 1))
    [ "$result" = false ] || return 0
    failures=$((failures + 1))
    [ "$test" = 0 ] && [ "${failhard:-0}" = 1 ] && [ -z "$stopped" ] || return 0
    labels_of "$index"
    stopped=$labels
}

# A state that listens is asked once more at the end, if one that it listens to changed.
listen() {
    local owner="$1" target state change_seen moved=0
    shift
    for target; do
        eval "state=\${result_$target-} change_seen=\${changed_$target-0}"
        [ "$state" = false ] || [ "$change_seen" = 0 ] || moved=1
    done
    eval "state=\${result_$owner-}"
    if [ -z "$stopped" ] && [ $moved = 1 ] && [ "$state" != false ]; then
        begin_state "$owner" "$key"
        "again_$owner"
        shown=listener-$owner
        finish_state
    fi
}
