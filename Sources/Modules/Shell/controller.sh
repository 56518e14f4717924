# shellcheck shell=sh disable=SC3043,SC2034,SC2154,SC2086
# States that are carried out by the controller, over libvirt, in their place in the order. It is asked by a record,
# takes the question before it acts, beats while it works, and leaves its answer in the run's directory.
# How long it may be silent, in milliseconds.
patience=30000

# ask_controller CHUNK: the answer becomes this state's result, so that requisites are evaluated here as for any other.
ask_controller() {
    local question="$run/question.$1" taken="$run/taken.$1" answer="$run/answer.$1" owner='' nap=2 quiet=0
    if [ -e "$run/alone" ]; then
        do_without
        return
    fi
    rm -f "$answer" "$taken"
    : >"$question"
    record ask "$1" "$test"
    { read -r owner <"$run/owner"; } 2>/dev/null
    while [ ! -e "$answer" ]; do
        sleep "0.$((nap / 100))$((nap / 10 % 10))$((nap % 10))"
        quiet=$((quiet + nap))
        [ $nap -ge 200 ] || nap=$((nap + nap / 2))
        if [ -e "$run/beat" ]; then
            rm -f "$run/beat"
            quiet=0
        fi
        if [ $quiet -gt $patience ] || { [ -n "$owner" ] && [ ! -d "/proc/$owner" ]; }; then
            : >"$run/alone"
            # Whoever renames the question first has it: what is dropped here is not begun over there.
            if mv "$question" "$question.dropped" 2>/dev/null; then
                do_without
                return
            fi
            [ ! -e "$answer" ] || break
            attempts=1
            fail 'The controller went away while it did this: what came of it is not known; see "drover op recover"'
            return
        fi
    done
    take_answer "$answer"
    rm -f "$answer" "$taken"
}

do_without() {
    attempts=1
    fail 'Not run: the controller went away'
}

# Three lines (result, whether a failure may be cured by changes not yet applied, the changes in base64), the comment.
take_answer() {
    local packed='' text=''
    {
        read -r result
        read -r soft
        read -r packed
        comment=
        while IFS= read -r text || [ -n "$text" ]; do comment=${comment:+$comment$nl}$text; done
    } <"$1"
    case $result.$soft in
        true.[01] | false.[01] | null.[01]) ;;
        *)
            soft=0
            fail "The controller's answer cannot be read"
            return
            ;;
    esac
    [ "$packed" = - ] || change j "$packed"
    [ "$changed" = 0 ] || forget_all
}
