# shellcheck shell=sh disable=SC3043,SC2034,SC2154
# States of commands and of tests. cmd.run reads $name, $cwd, $shell_path, $limit, $good_codes, $quiet and calls
# set_environment, which the program defines for each state.

# Runs a text or a file by the shell in a process of its own; leaves $pid and $code.
run_command() {
    (
        cd "${cwd:-/}" || exit 126
        "set_environment_$index"
        [ -z "$mask" ] || umask "$mask"
        if [ -n "$limit" ]; then exec timeout -k 5 "$limit" "$@"; else exec "$@"; fi
    ) >"$work/stdout" 2>"$work/stderr" </dev/null 3>&- &
    pid=$!
    wait "$pid" 2>/dev/null
    code=$?
}

report_command() {
    local each good=0
    for each in 0 $good_codes; do [ "$code" != "$each" ] || good=1; done
    change i "$pid" pid
    change i "$code" retcode
    if [ "$quiet" = 0 ]; then
        encode_file "$work/stdout"
        change b "$encoded" stdout
        encode_file "$work/stderr"
        change b "$encoded" stderr
    fi
    comment="Command \"$title\" run"
    [ $good = 1 ] || result=false
    # busybox says by the signal what timeout says by 124.
    case ${limit:+$code} in 124 | 137 | 143) fail "Command \"$title\" did not end within $limit s" ;; esac
    forget_all
}

cmd_run() {
    if [ -n "$cwd" ] && [ ! -d "$cwd" ]; then
        fail_for_now "Desired working directory \"$cwd\" is not available"
        return
    fi
    if [ "$test" = 1 ]; then
        change s "$title" cmd
        would "Command \"$title\" would have been executed"
        return
    fi
    if [ -n "$blob" ]; then run_command "$shell_path" "$run/$blob"; else run_command "$shell_path" -c "$title"; fi
    report_command
}

# For cmd.wait: nothing happens unless something that it watches changes.
cmd_wait() {
    comment=
}

test_state() {
    local changes_wanted="$1" result_wanted="$2"
    if [ "$changes_wanted" = yes ]; then
        change s 'Unchanged' testing old
        change s 'Something pretended to change' testing new
    fi
    comment=$3
    if [ "$test" = 1 ] && [ "$changes_wanted" = yes ] && [ "$result_wanted" = true ]; then
        result=null
    else
        result=$result_wanted
    fi
}
