#!/bin/sh
# One role and one database per service; each role may enter its own database only. Runs once, on an empty volume.
set -eu

make_service() {
    psql -v ON_ERROR_STOP=1 -v name="$1" -v secret="$2" -U "$POSTGRES_USER" -d postgres <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'secret';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
}

make_service accounts "$ACCOUNTS_DATABASE_PASSWORD"
make_service cases "$CASES_DATABASE_PASSWORD"
make_service files "$FILES_DATABASE_PASSWORD"
make_service notifications "$NOTIFICATIONS_DATABASE_PASSWORD"
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres <<'SQL'
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
REVOKE CONNECT ON DATABASE template1 FROM PUBLIC;
SQL
