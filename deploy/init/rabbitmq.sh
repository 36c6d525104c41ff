#!/bin/sh
# Writes the broker's users from the environment, puts the permissions beside them, and becomes the broker.
# The definitions are imported at every start, so a changed password needs a restart and no more.
set -eu
umask 077
folder=/var/lib/rabbitmq/definitions
mkdir -p "$folder"

user() {
    case "$2" in
    *[!A-Za-z0-9._~-]*) echo "The broker password of $1 may hold letters, digits and . _ ~ - only." >&2 && exit 1 ;;
    esac
    printf '{"name": "%s", "password": "%s", "tags": "%s"}' "$1" "$2" "$3"
}

{
    printf '{"vhosts": [{"name": "casework"}], "users": ['
    user accounts "$ACCOUNTS_BROKER_PASSWORD" "" && printf ', '
    user cases "$CASES_BROKER_PASSWORD" "" && printf ', '
    user files "$FILES_BROKER_PASSWORD" "" && printf ', '
    user notifications "$NOTIFICATIONS_BROKER_PASSWORD" "" && printf ', '
    user gateway "$GATEWAY_BROKER_PASSWORD" "" && printf ', '
    user mailroom "$MAILROOM_BROKER_PASSWORD" "" && printf ', '
    user operator "$OPERATOR_BROKER_PASSWORD" administrator
    printf ']}\n'
} >"$folder/10-users.json"
cp /casework/permissions.json "$folder/20-permissions.json"
printf 'load_definitions = %s\nlog.console.level = warning\n' "$folder" >/etc/rabbitmq/conf.d/90-casework.conf
chown -R rabbitmq:rabbitmq "$folder" /etc/rabbitmq/conf.d/90-casework.conf
exec docker-entrypoint.sh rabbitmq-server
