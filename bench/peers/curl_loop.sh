# Sends PUTs, each by a curl of its own: curl_loop.sh URL PUTS KEY ACTOR; a line of PUTS is a path, a tab and a body.
set -eu
tab=$(printf '\t')
while IFS="$tab" read -r path body; do
    curl -sSf -o /dev/null -X PUT -H "Authorization: ApiKey $3" -H "On-Behalf-Of: $4" \
        -H 'Content-Type: application/json' --data-binary "$body" "$1$path"
done <"$2"
