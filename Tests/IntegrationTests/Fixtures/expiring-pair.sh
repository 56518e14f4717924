#!/bin/sh
# Signs a certificate anew with an authority's key, so that it ends soon. Prints it.
# usage: expiring-pair.sh CA-CERTIFICATE CA-KEY CERTIFICATE KEY SECONDS
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl x509 -in "$3" -x509toreq -signkey "$4" -copy_extensions copy -out "$work/request" 2>/dev/null
cat > "$work/conf" <<CONF
[ca]
default_ca = fleet
[fleet]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
organizationName = optional
CONF
: > "$work/index"
openssl ca -batch -config "$work/conf" -notext -cert "$1" -keyfile "$2" -in "$work/request" -preserveDN \
    -startdate "$(date -u -d '-1 hour' +%y%m%d%H%M%SZ)" -enddate "$(date -u -d "+$5 seconds" +%y%m%d%H%M%SZ)" 2>/dev/null
