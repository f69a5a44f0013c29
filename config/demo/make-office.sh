#!/bin/bash
# make-office.sh DIR [PORT…]: keys, certificates and configuration of offices on loopback, each a counterpart of all others.
#
# OFFICES names them (default: "330483 320623"); who they are stands in offices.tsv.  PORTs in the same order, else those of the table.
# Everything below DIR is made anew: per office a peer authority and gateway certificate, a staff authority with the window
# server's and three members' of staff certificates, a ledger key, office.yaml; for the staff DIR/client/OFFICE-NUMBER.yaml.
# An office uses three ports from PORT on: window, peer, admin.  TONGBAND names the daemon (for --make-ledger-key).
# CALENDAR is a table of holidays other than that of this tree.
# For demonstrations and tests: real offices make their keys where they are used.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
[ $# -ge 1 ] || { echo "usage: [OFFICES=\"CODE…\"] make-office.sh DIR [PORT…]" >&2; exit 2; }
tongband=$(readlink -f "${TONGBAND:-$here/build/release/bin/tongband}")
[ -x "$tongband" ] || { echo "make-office.sh: no daemon at $tongband; build first (./dev build)" >&2; exit 1; }
mkdir -p "$1"
cd "$1"
umask 077

declare -A NAME PORT WINDOW_CLERK OFFICER SUPERVISOR PREFIX SEAL PHONE COMPLAINT ADDRESS
read -ra offices <<<"${OFFICES:-330483 320623}"
while IFS=$'\t' read -r code name window clerk officer supervisor prefix seal phone complaint address; do
    NAME[$code]=$name PORT[$code]=$window WINDOW_CLERK[$code]=$clerk OFFICER[$code]=$officer SUPERVISOR[$code]=$supervisor
    PREFIX[$code]=$prefix SEAL[$code]=$seal PHONE[$code]=$phone COMPLAINT[$code]=$complaint ADDRESS[$code]=$address
done < <(tail -n +2 "$here/config/demo/offices.tsv")
for office in "${offices[@]}"; do
    [ -n "${NAME[$office]:-}" ] || { echo "make-office.sh: no office $office in offices.tsv" >&2; exit 2; }
    [ $# -eq 0 ] || shift
    PORT[$office]=${1:-${PORT[$office]}}
done
calendar=${CALENDAR:-$here/config/calendar/holidays.tsv}
DAYS=29 # fewer than FINDING_CERTIFICATE_DAYS from the first second, so that `tongbanctl status` has something to tell

# authorisation PRINCIPAL DELEGATE: its id; between the first two offices it is the one of their plan of 2021
authorisation() {
    case $1:$2 in
    330483:320623 | 320623:330483) echo "018f0000-0000-7000-8000-000000$1" ;;
    *) echo "018f0000-0000-7000-8000-$2$1" ;;
    esac
}

# quoted TEXT: a YAML scalar
quoted() { printf "'%s'" "${1//\'/\'\'}"; }

# authority FILE SUBJECT
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days $DAYS -subj "/CN=$2" -keyout "$1.key" -out "$1.crt" \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}

# certificate FILE AUTHORITY SUBJECT USAGE NAMES
certificate() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -subj "/CN=$3" -keyout "$1.key" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -set_serial "0x$(openssl rand -hex 16)" -days $DAYS -sha256 -out "$1.crt" \
        -extfile <(printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature "extendedKeyUsage=$4" \
            "subjectAltName=$5") 2>/dev/null
    rm -f "$1.csr"
}

keys() {
    local office=$1 staff
    mkdir -p "$office/tls" "$office/data"
    authority "$office/tls/peer-ca" "peer authority $office"
    certificate "$office/tls/gateway" "$office/tls/peer-ca" "gateway $office" serverAuth,clientAuth \
        "URI:urn:tongban:office:$office,IP:127.0.0.1"
    authority "$office/tls/staff-ca" "staff authority $office"
    certificate "$office/tls/window" "$office/tls/staff-ca" "window $office" serverAuth "URI:urn:tongban:office:$office,IP:127.0.0.1"
    for staff in 0007 0101 0201; do
        certificate "$office/tls/staff-$staff" "$office/tls/staff-ca" "staff $office:$staff" clientAuth \
            "URI:urn:tongban:staff:$office:$staff"
    done
    "$tongband" --make-ledger-key "tongban/$office" "$office/ledger.key" >"$office/ledger.vkey"
}

# catalogue OFFICE: the YAML list of the office's catalogue files
catalogue() {
    local file
    { grep -lsE "^office: *['\"]?$1" "$here/config/catalogue/$1"/*.yaml || true; } | while IFS= read -r file; do
        echo "  - $(quoted "$file")"
    done
}

configuration() {
    local office=$1 other others=() port=${PORT[$1]} authority
    for other in "${offices[@]}"; do [ "$other" = "$office" ] || others+=("$other"); done
    authority=../${others[0]}/tls/peer-ca.crt
    if [ ${#others[@]} -gt 1 ]; then # the listener trusts each counterpart's authority; which office may use which is pinned below
        authority=tls/peer-authorities.crt
        for other in "${others[@]}"; do cat "$other/tls/peer-ca.crt"; done >"$office/$authority"
    fi
    {
        cat <<YAML
# Demonstration office; made by config/demo/make-office.sh.
office: {code: $office, name: ${NAME[$office]}}
store: {directory: data, disk_floor_bytes: 104857600}
ledger: {key: ledger.key}
window: {address: 127.0.0.1, port: $port, certificate: tls/window.crt, key: tls/window.key, authority: tls/staff-ca.crt}
peer: {address: 127.0.0.1, port: $((port + 1)), certificate: tls/gateway.crt, key: tls/gateway.key, authority: $authority}
admin: {port: $((port + 2))}
gateway_certificate: tls/gateway.crt
gateway_key: tls/gateway.key
calendar: $(quoted "$calendar")
catalogue:
YAML
        catalogue "$office"
        cat <<YAML
staff:
  - {id: "0007", name: ${WINDOW_CLERK[$office]}, role: window}
  - {id: "0101", name: ${OFFICER[$office]}, role: handler}
  - {id: "0201", name: ${SUPERVISOR[$office]}, role: supervisor}
peers:
YAML
        for other in "${others[@]}"; do
            cat <<YAML
  - office: $other
    name: ${NAME[$other]}
    url: https://127.0.0.1:$((PORT[$other] + 1))
    authority: ../$other/tls/peer-ca.crt
    ledger_key: $(cat "$other/ledger.vkey")
    phone: ${PHONE[$other]}
    complaint: ${COMPLAINT[$other]}
    address: ${ADDRESS[$other]}
    licences: true
YAML
        done
        cat <<YAML
documents:
  prefix: ${PREFIX[$office]}
  seal: $(quoted "${SEAL[$office]}")
  phone: ${PHONE[$office]}
  complaint: ${COMPLAINT[$office]}
  address: ${ADDRESS[$office]}
authorisations:
YAML
        for other in "${others[@]}"; do
            cat <<YAML
  - id: $(authorisation "$office" "$other")
    delegate: $other
    items: "*"
    steps: INOPD
    from: 2021-03-12
    until: 2031-03-11
    announcement: 桐政办发〔2021〕6号
YAML
        done
        echo "log: {level: ${LOG_LEVEL:-info}}"
    } >"$office/office.yaml"
    mkdir -p client
    local staff
    for staff in 0007 0101 0201; do
        cat >"client/$office-$staff.yaml" <<YAML
server: https://127.0.0.1:$port
authority: ../$office/tls/staff-ca.crt
certificate: ../$office/tls/staff-$staff.crt
key: ../$office/tls/staff-$staff.key
office: "$office"
calendar: $(quoted "$calendar")
YAML
    done
}

for office in "${offices[@]}"; do
    [ -n "$(catalogue $office)" ] || { echo "make-office.sh: no catalogue of office $office in $here/config/catalogue" >&2; exit 1; }
done
for office in "${offices[@]}"; do keys "$office"; done
for office in "${offices[@]}"; do configuration "$office"; done
