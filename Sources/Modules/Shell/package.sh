# shellcheck shell=sh disable=SC3043,SC2034,SC2154,SC2086,SC2015
# States of packages. $package_tool is apt or rpm; wanted packages come as words of three: number, name, version.

query_apt() {
    local name version status provides
    dpkg-query -W -f '${binary:Package}\t${Version}\t${db:Status-Status}\n' -- "$@" >"$work/packages" 2>/dev/null
    while IFS="$tab" read -r name version status; do
        [ "$status" = installed ] || continue
        note_version "$name" "$version"
        note_version "${name%%:*}" "$version"
    done <"$work/packages"
    all_versions_known && return
    # What is missing may be a virtual package that an installed one provides.
    dpkg-query -W -f '${Version}\t${db:Status-Status}\t${Provides}\n' >"$work/packages" 2>/dev/null
    while IFS="$tab" read -r version status provides; do
        [ "$status" = installed ] && [ -n "$provides" ] || continue
        note_provided "$version" ", $provides, "
    done <"$work/packages"
}

note_provided() {
    local each name known
    for each in $packages; do
        eval "name=\$package_$each known=\$version_$each"
        [ -z "$known" ] || continue
        case $2 in *", $name, "* | *", $name ("*) eval "version_$each=\$1" ;; esac
    done
}

all_versions_known() {
    local each known
    for each in $packages; do
        eval "known=\$version_$each"
        [ -n "$known" ] || return 1
    done
}

query_rpm() {
    local name version each known
    rpm -q --qf '%{NAME}\t%{VERSION}-%{RELEASE}\n' -- "$@" >"$work/packages" 2>/dev/null
    while IFS="$tab" read -r name version; do
        [ -z "$version" ] || note_version "$name" "$version"
    done <"$work/packages"
    for each in $packages; do
        eval "name=\$package_$each known=\$version_$each"
        [ -z "$known" ] || continue
        version=$(rpm -q --whatprovides --qf '%{VERSION}-%{RELEASE}\n' -- "$name" 2>/dev/null) || continue
        eval "version_$each=\${version%%\"\$nl\"*}"
    done
}

list_apt() {
    dpkg-query -W -f '${binary:Package} ${Version} ${db:Status-Status}\n' | sed -n 's/ installed$//p'
}

list_rpm() {
    rpm -qa --qf '%{NAME} %{VERSION}-%{RELEASE}\n'
}

# Is the wanted version of a package there? A version may begin with an operator.
satisfied() {
    local have="$1" want="$2" sign
    [ -n "$have" ] || return 1
    case $want in
        '') return 0 ;;
        [\<\>=!]*) ;;
        *)
            [ "$have" = "$want" ] && return
            # An rpm's version may be named without its release.
            [ "$package_tool" = rpm ] && [ "${have%-*}" = "$want" ]
            return
            ;;
    esac
    sign=${want%%[!<>=!]*}
    want=${want#"$sign"}
    want=${want# }
    case $sign in
        '=' | '==') [ "$have" = "$want" ] ;;
        '!=' | '<>') [ "$have" != "$want" ] ;;
        '>=') compare_versions "$have" ge "$want" ;;
        '<=') compare_versions "$have" le "$want" ;;
        '>') compare_versions "$have" gt "$want" ;;
        '<') compare_versions "$have" lt "$want" ;;
        *) return 1 ;;
    esac
}

compare_versions() {
    if [ "$package_tool" = apt ]; then
        # By its path: busybox has a dpkg of its own that cannot compare.
        /usr/bin/dpkg --compare-versions "$1" "$2" "$3"
        return
    fi
    local lower
    lower=$(printf '%s\n%s\n' "$1" "$3" | sort -V | head -n 1)
    case $2 in
        ge) [ "$lower" = "$3" ] ;;
        le) [ "$lower" = "$1" ] ;;
        gt) [ "$lower" = "$3" ] && [ "$1" != "$3" ] ;;
        lt) [ "$lower" = "$1" ] && [ "$1" != "$3" ] ;;
    esac
}

apt() {
    run_apt "$@" && return
    # A power cut in the middle of an installation: what was unpacked is finished first, as dpkg itself tells people to.
    grep -qE 'dpkg was interrupted|dpkg --configure -a' "$work/out" || return 1
    capture /usr/bin/dpkg --configure -a --force-confdef --force-confold || run_apt install --fix-broken || return 1
    run_apt "$@"
}

run_apt() {
    capture apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef \
        -o Dpkg::Options::=--force-confold -o Acquire::Retries=2 "$@"
}

# The lock of the package lists has no timeout of its own.
update_apt() {
    local tries=0
    while ! apt update; do
        tries=$((tries + 1))
        grep -q 'Could not get lock' "$work/out" && [ $tries -lt 60 ] || return 1
        sleep 2
    done
    # apt says only in words that an index could not be fetched.
    ! grep -q '^E:' "$work/out" || return 1
    lists_fresh=1
}

have_lists() {
    set -- /var/lib/apt/lists/*_Packages*
    [ -e "$1" ]
}

install_apt() {
    if [ "$refresh" = 1 ] && [ $lists_fresh = 0 ] || { [ $lists_fresh = 0 ] && ! have_lists; }; then
        update_apt || return 1
    fi
    apt $apt_options install -- "$@" && return
    # Old lists name packages that are gone, or miss ones that came later.
    [ $lists_fresh = 0 ] && [ "$refresh" != no ] || return 1
    grep -qE 'Unable to locate|no installation candidate|has no installation|404|was not found|Unable to fetch' "$work/out" || return 1
    cp "$work/out" "$work/first"
    update_apt && apt $apt_options install -- "$@"
}

rpm_front() {
    if command -v dnf >/dev/null; then capture dnf -y -q "$@"; else capture yum -y -q "$@"; fi
}

install_rpm() {
    local clean=''
    if [ "$refresh" = 1 ] && [ $lists_fresh = 0 ]; then
        rpm_front makecache || return 1
        lists_fresh=1
    fi
    rpm_front install "$@"
}

# Turns what was listed before and after into changes.
note_packages() {
    local name new old
    awk 'NR == FNR { old[$1] = $2; next }
        !($1 in old) { print $1, $2, "-" }
        ($1 in old) && old[$1] != $2 { print $1, $2, old[$1] }
        { delete old[$1] }
        END { for (name in old) print name, "-", old[name] }' "$work/before" "$work/after" >"$work/moved"
    while read -r name new old; do
        change s "${new#-}" "$name" new
        change s "${old#-}" "$name" old
    done <"$work/moved"
}

pkg_installed() {
    local number wanted version have missing='' all=''
    look_at_packages
    # Words of three become words for the package tool, of those that are missing.
    set -- "$@" ''
    while [ -n "$1" ]; do
        number=$1 wanted=$2 version=$3
        shift 3
        eval "have=\$version_$number"
        all="$all $number"
        satisfied "$have" "$version" && continue
        missing=${missing:+$missing, }$wanted
        case $version in
            '' | [\<\>!]*) set -- "$@" "$wanted" ;;
            *)
                version=${version#=}
                version=${version#=}
                if [ "$package_tool" = apt ]; then set -- "$@" "$wanted=$version"; else set -- "$@" "$wanted-$version"; fi
                ;;
        esac
        [ "$test" = 0 ] || { change s "${version:-installed}" "$wanted" new && change s "$have" "$wanted" old; }
    done
    shift
    if [ $# -eq 0 ]; then
        comment='All specified packages are already installed'
        return
    fi
    if [ "$test" = 1 ]; then
        would "The following packages would be installed/updated: $missing"
        return
    fi
    "list_$package_tool" >"$work/before"
    if ! "install_$package_tool" "$@"; then
        fail "Problem encountered installing package(s): $missing$nl$(said)"
    else
        comment="The following packages were installed/updated: $missing"
    fi
    "list_$package_tool" >"$work/after"
    note_packages
    forget_all
}

pkg_removed() {
    local number wanted have names='' verb="$remove_verb"
    look_at_packages
    set -- "$@" ''
    while [ -n "$1" ]; do
        number=$1 wanted=$2
        shift 3
        eval "have=\$version_$number"
        if [ -z "$have" ] && { [ "$verb" != purge ] || ! has_leftovers "$wanted"; }; then continue; fi
        names=${names:+$names, }$wanted
        set -- "$@" "$wanted"
        [ "$test" = 0 ] || { change s '' "$wanted" new && change s "$have" "$wanted" old; }
    done
    shift
    if [ $# -eq 0 ]; then
        comment='All specified packages are already absent'
        return
    fi
    if [ "$test" = 1 ]; then
        would "The following packages will be ${verb}d: $names"
        return
    fi
    "list_$package_tool" >"$work/before"
    if [ "$package_tool" = apt ]; then apt "$verb" -- "$@"; else rpm_front remove "$@"; fi || fail "Problem encountered removing package(s): $names$nl$(said)"
    "list_$package_tool" >"$work/after"
    note_packages
    [ "$result" = false ] || comment="All targeted packages were ${verb}d"
    forget_all
}

# Configuration files that a removed package left behind.
has_leftovers() {
    [ "$package_tool" = apt ] && [ "$(dpkg-query -W -f '${db:Status-Status}' -- "$1" 2>/dev/null)" = config-files ]
}
