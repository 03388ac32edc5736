# shellcheck shell=sh
# Read by every login shell (/etc/profile.d/labshell.sh): a greeting, and TAB.
#
# It says where the student left off. Whatever goes wrong here must not keep anybody
# from logging in, so failures are silent.

if [ -t 1 ] && [ -n "${PS1-}" ]; then
    echo "labshell: \`lab\` opens the shell, \`lab --help\` lists the verbs."
    /opt/labshell/lab lesson where 2>/dev/null || true
    if [ -n "${BASH_VERSION-}" ] && ! type _lab_completion >/dev/null 2>&1; then
        # shellcheck disable=SC1091 # it is made when the machine is
        [ ! -r /etc/bash_completion.d/labshell ] || . /etc/bash_completion.d/labshell
    fi
fi
