#!/bin/sh
# A client of moql's GraphQL API: curl and a POSIX shell.
#
#   MOQL_URL=http://127.0.0.1:4000 MOQL_KEY=... sh client.sh IMEI:490154203237518
set -eu
url="${MOQL_URL:-http://127.0.0.1:4000}/graphql"
device="$1"

# The key goes by standard input: arguments are seen by every user of the machine.
# usage: post ACCEPT BODY
post() {
  printf 'header = "authorization: Bearer %s"\n' "$MOQL_KEY" |
    curl -sS -N --config - --max-time 60 "$url" -H "accept: $1" -H 'content-type: application/json' --data-binary "$2"
}
# usage: ask BODY; prints the answer on one line. Errors have "errors", with "extensions": { "code": ... }
ask() { post application/graphql-response+json "$1"; echo; }
# usage: text NAME < JSON; the first string of that name. With jq at hand: jq -r '.data...'
text() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

echo '# a page of devices, and the one after it'
page=$(ask '{"query":"{ devices(first: 1) { nodes { deviceId } pageInfo { hasNextPage endCursor } } }"}')
echo "$page"
cursor=$(echo "$page" | text endCursor)
ask '{"query":"query ($after: String) { devices(first: 1, after: $after) { nodes { deviceId } pageInfo { hasNextPage endCursor } } }",
      "variables":{"after":"'"$cursor"'"}}'

echo '# a typed read of values that are at most five minutes old'
ask '{"query":"query ($id: ID!) { device(deviceId: $id) { fumo(maxAge: \"PT5M\", wait: \"PT20S\") { state mo { freshness } } } }",
      "variables":{"id":"'"$device"'"}}'

echo '# a write that waits for the device'
ask '{"query":"mutation ($id: ID!) { replaceAcmeMeter(input: { deviceId: $id, interval: 60, wait: \"PT20S\" }) { state commands { outcome statusCode error { code message } } } }",
      "variables":{"id":"'"$device"'"}}'

echo '# a write that does not wait, and a subscription that follows it to its end'
operation=$(ask '{"query":"mutation ($id: ID!) { replaceAcmeMeter(input: { deviceId: $id, interval: 30 }) { id } }",
                  "variables":{"id":"'"$device"'"}}' | text id)
post text/event-stream '{"query":"subscription ($id: ID!) { operationChanged(id: $id) { state } }","variables":{"id":"'"$operation"'"}}' |
  sed -n 's/^data: *//p'

echo '# an error, with its code'
ask '{"query":"mutation { replaceAcmeMeter(input: { deviceId: \"IMEI:0\", interval: 60 }) { id } }"}' | text code
