#!/bin/sh
# Runs the command as the user leadgate. Platforms hand over volumes that belong to root; a root that starts this gives the folder to leadgate
# first, and is root no longer. Any other user runs the command as it is.
set -eu

if [ "$(id -u)" -ne 0 ]; then
    exec "$@"
fi
install -d --owner=leadgate --group=leadgate --mode=0700 "$LEADGATE_DATA"
# Files that an earlier start as root has left.
find "$LEADGATE_DATA" ! -user leadgate -exec chown leadgate:leadgate {} +
exec setpriv --reuid=leadgate --regid=leadgate --init-groups --inh-caps=-all --no-new-privs "$@"
