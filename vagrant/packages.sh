# shellcheck shell=bash
# packages.sh - the Debian packages of a machine for learning; part of provision.sh.
#
# What `./lab` needs it names and installs itself. Here is what is there beside it, to
# learn with a terminal alone, and docker's client, to compare.
#
#   needed     without it the machine does not match, and provisioning ends
#   helpful    named if it cannot be had, and done without
#
# Nothing is asked of the network for a package that is there. The lists of the archive
# are renewed only if a package is not in those that are there, and once.

NEEDED=(nftables)
HELPFUL=(bash-completion curl git less man-db nano strace)

export DEBIAN_FRONTEND=noninteractive
APT=(apt-get -qq -y -o Dpkg::Use-Pty=0 -o Acquire::Retries=1
    -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20)

# Debian's own first updates may be at work: every apt-get here, ./lab's too, waits.
finish_interrupted() {
    echo 'DPkg::Lock::Timeout "300";' >/etc/apt/apt.conf.d/90labshell
    [ -z "$(dpkg --audit)" ] || {
        say "completing what an interrupted dpkg has left"
        dpkg --configure -a </dev/null >/dev/null ||
            stop "dpkg cannot complete what was interrupted" \
                "sudo dpkg --configure -a"
    }
}

install_packages() {
    local missing package
    missing=$(not_installed "${NEEDED[@]}")
    # shellcheck disable=SC2086 # one word a package
    [ -z "$missing" ] || fetch $missing || no_packages $missing
    missing=$(not_installed "${HELPFUL[@]}")
    for package in $missing; do
        fetch "$package" || say "not installed: $package ($(why_not))"
    done
    docker_client
}

# docker_client: the program `docker`, without a daemon of Docker's beside ours.
docker_client() {
    ! command -v docker >/dev/null || return 0
    if fetch docker-cli; then
        return
    fi
    systemctl mask --quiet docker.service docker.socket
    fetch docker.io || {
        systemctl unmask --quiet docker.service docker.socket
        say "not installed: docker's client ($(why_not)); \`lab\` does not need it"
    }
}

not_installed() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}\n' "$package" 2>/dev/null | grep -q ^ii ||
            echo "$package"
    done
}

# fetch PACKAGE...: with the lists as they are; if that fails, with new ones.
fetch() {
    try_to_install "$@" || { new_lists && try_to_install "$@"; }
}

try_to_install() {
    "${APT[@]}" install --no-install-recommends "$@" </dev/null >"$log" 2>&1
}

# new_lists: once; a network that is not there is not waited for again and again.
new_lists() {
    [ "$lists" = old ] || return
    lists=tried
    has_network && "${APT[@]}" update -o APT::Update::Error-Mode=any </dev/null \
        >"$update_log" 2>&1 && lists=new
    [ "$lists" = new ]
}

log=/run/labshell-apt.log update_log=/run/labshell-apt-update.log lists=old

has_network() {
    ip route show default | grep -q . || ip -6 route show default | grep -q .
}

# why_not: the reason of apt's last failure, in a few words.
why_not() {
    if ! has_network; then
        echo "there is no network"
    elif [ "$lists" = tried ] && grep -qs 'not valid yet' "$update_log"; then
        echo "the clock is wrong: $(date)"
    elif [ "$lists" = tried ]; then
        echo "the archive cannot be reached: $(complaint "$update_log")"
    else
        complaint "$log"
    fi
}

complaint() {
    sed -n 's/^[EW]: //p' "$1" 2>/dev/null | head -n 1 | cut -c 1-200
}

no_packages() {
    stop "could not install $*: $(why_not)" \
        "connect the machine to the network, then run this again (vagrant provision)"
}
