# shellcheck shell=sh disable=SC2015
# The receiver: started by one exec request, reads frames from standard input, answers in lines that carry the nonce.
# It travels in the exec string, so it is short. Only built-ins and dd touch standard input: neither reads too far.
# The nonce is the name that it is started under.
nonce=$0
umask 077
LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DROVER_RUN=
export LC_ALL PATH DROVER_RUN
set -f
tab=$(printf '\t')
say() {
    text="@drover:$nonce"
    for field; do text="$text$tab$field"; done
    printf '%s\n' "$text"
}
name() {
    case $1 in '' | .* | -* | *[!A-Za-z0-9._-]*) return 1 ;; esac
}
alive() {
    pid=
    { read -r pid <"$1"; } 2>/dev/null
    [ -n "$pid" ] && [ -d "/proc/$pid" ]
}
boot=none
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
now=$(date +%s)
dir='' started=''
for base in /run/drover /dev/shm/drover "${XDG_RUNTIME_DIR:-/nowhere}/drover"; do
    case $base in /run/drover) [ -w /run ] || continue ;; *) base=$base-$(id -u) ;; esac
    mkdir -m 0700 "$base" 2>/dev/null
    { [ -d "$base" ] && [ -O "$base" ] && [ ! -L "$base" ] && chmod 0700 "$base"; } || continue
    dir=$(mktemp -d "$base/new.XXXXXXXXXX") && break
done
[ -n "$dir" ] || { say fail 'no private directory could be made under /run, /dev/shm or XDG_RUNTIME_DIR'; exit 1; }
trap '[ -n "$started" ] || rm -rf "$dir" 2>/dev/null' EXIT
trap 'exit 1' HUP INT TERM PIPE
printf '%s\n' "$$" >"$dir/owner"
printf '%s\n%s\n' "$boot" "$now" >"$dir/born"
# It gets its name when it can be told from what a dead one left.
DROVER_RUN=$base/run.${dir##*/new.}
mv "$dir" "$DROVER_RUN" && dir=$DROVER_RUN || exit 1
set +f
for old in "$base"/new.*; do
    if [ -e "$old/owner" ] && [ ! -L "$old" ] && ! alive "$old/owner"; then rm -rf "$old" 2>/dev/null; fi
done
for old in "$base"/run.*; do
    { [ -d "$old" ] && [ ! -L "$old" ] && [ "$old" != "$dir" ]; } || continue
    was='' since=0
    { { read -r was && read -r since; } <"$old/born"; } 2>/dev/null
    if [ "$was" = "$boot" ]; then
        if alive "$old/owner" || alive "$old/pid"; then continue; fi
        # A run that ended unseen keeps its results for a day; an upload that was cut off keeps nothing.
        if [ -e "$old/pid" ] && [ $((now - since)) -lt 86400 ]; then continue; fi
    fi
    rm -rf "$old" 2>/dev/null
done
set -f
put() {
    whole=$(($2 / 65536)) part=$(($2 % 65536))
    {
        { [ $whole -eq 0 ] || dd bs=65536 count=$whole iflag=fullblock; } &&
            { [ $part -eq 0 ] || dd bs=$part count=1 iflag=fullblock; }
    } >"$dir/$1" 2>/dev/null
}
# The detached program: what it was sent is removed at its end, its results stay to be fetched.
# shellcheck disable=SC2016
shell='cd "$1" && echo $$ >pid && /bin/sh "./$2" </dev/null >spool 2>err; echo $? >rc.new; rm -rf "$2" ./*.blob work; mv rc.new rc'
start() {
    started=1
    : >"$dir/spool"
    : >"$dir/pid"
    set -- /bin/sh -c "$shell" drover "$dir" "$1"
    command -v setsid >/dev/null && set -- setsid "$@"
    # logind ends what a user leaves behind, root's own sessions excepted: step out of such a session.
    group=
    { read -r group </proc/self/cgroup; } 2>/dev/null
    case $group in
        */user-0.slice/*) ;;
        */user-*.slice/*) [ -d /run/systemd/system ] && command -v systemd-run >/dev/null && set -- systemd-run --scope --quiet "$@" ;;
    esac
    (trap '' HUP; exec "$@" </dev/null >/dev/null 2>&1) &
    printf '%s\n' "$!" >"$dir/pid"
}
drain() {
    if IFS= read -r line <&4; then
        printf '%s\n' "$line"
        cat <&4
        nap=1
    else
        printf %s "$line"
        [ -n "$line" ]
    fi
}
# Follows a spool from a byte until its program has ended. Only `sleep` is forked while nothing happens.
follow() {
    [ -r "$1/spool" ] || { say fail "run is gone"; return; }
    exec 4<"$1/spool"
    [ "$2" = 0 ] || dd bs=1 count=0 skip="$2" <&4 >/dev/null 2>&1
    say follow "$2"
    nap=1 quiet=0
    while [ ! -e "$1/rc" ]; do
        if drain; then quiet=0; continue; fi
        if [ $quiet -gt 5000 ]; then
            alive "$1/pid" || break
            say beat
            quiet=0
        fi
        [ $nap -ge 200 ] || nap=$((nap + nap / 2 + 4))
        sleep "0.$((nap / 100))$((nap / 10 % 10))$((nap % 10))"
        quiet=$((quiet + nap))
    done
    while drain; do :; done
    exec 4<&-
    code=lost
    { read -r code <"$1/rc"; } 2>/dev/null
    [ ! -s "$1/err" ] || say stray "$(head -c 3000 "$1/err" | base64 | tr -d '\n')"
    say ended "$code"
}
say ready 1 "$dir" "$(id -u)" "$boot"
while IFS= read -r frame; do
    # shellcheck disable=SC2086
    set -- $frame
    verb=$1
    case $verb in
        put | exec | start | attach | stop)
            name "$2" || { say fail "bad name"; break; } ;;
    esac
    case $verb in
        put)
            case $3 in '' | *[!0-9]*) say fail "bad length"; break ;; esac
            put "$2" "$3" || { say fail "cannot store $2 in $base: $(df -Pk "$base" | { read -r _; read -r _ _ _ free _; echo "$free"; }) KiB are free there"; break; } ;;
        exec)
            say begin-file "$2"
            (cd "$dir" && exec /bin/sh "./$2" </dev/null)
            say exit "$2" "$?" ;;
        start)
            start "$2"
            follow "$dir" 0 ;;
        attach) follow "$base/$2" "${3:-0}" ;;
        stop)
            if alive "$base/$2/pid"; then kill -TERM "-$pid" 2>/dev/null || kill -TERM "$pid"; fi
            say stopped "$2" ;;
        remove)
            case $2 in run.*) name "$2" && { [ -e "$base/$2/rc" ] || ! alive "$base/$2/pid"; } && rm -rf "${base:?}/$2" ;; esac ;;
        bye)
            started=
            say bye
            exit 0 ;;
        *)
            say fail "unknown frame"
            break ;;
    esac
done
exit 1
