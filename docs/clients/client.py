"""A client of moql's GraphQL API: Python 3.9 or later, the standard library alone.

    MOQL_URL=http://127.0.0.1:4000 MOQL_KEY=... python3 client.py IMEI:490154203237518
"""
import json
import os
import sys
import urllib.error
import urllib.request

URL = os.environ.get("MOQL_URL", "http://127.0.0.1:4000") + "/graphql"
KEY = os.environ["MOQL_KEY"]
# The longest that a query waits here for its device, and some more.
TIMEOUT_S = 60


class ApiError(Exception):
    """The first error of an answer; `code` is what to decide by, see docs/errors.md."""

    def __init__(self, errors):
        super().__init__(errors[0]["message"])
        self.code = errors[0]["extensions"]["code"]
        self.errors = errors


def open_request(query, variables, accept):
    request = urllib.request.Request(
        URL,
        data=json.dumps({"query": query, "variables": variables}).encode(),
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Accept": accept},
    )
    return urllib.request.urlopen(request, timeout=TIMEOUT_S)


def ask(query, **variables):
    """The `data` of an answer. Raises ApiError when there are errors."""
    try:
        with open_request(query, variables, "application/graphql-response+json") as response:
            answer = json.load(response)
    except urllib.error.HTTPError as refused:  # 4xx and 5xx have a body as well
        answer = json.load(refused)
    if answer.get("errors"):
        raise ApiError(answer["errors"])
    return answer["data"]


def subscribe(query, **variables):
    """The results of a subscription, as they come."""
    with open_request(query, variables, "text/event-stream") as stream:
        event = None
        for line in stream:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                event = value
            if event == "complete":
                return
            if field == "data" and event == "next":
                result = json.loads(value)
                if result.get("errors"):
                    raise ApiError(result["errors"])
                yield result["data"]


def device_ids():
    """All devices, page after page."""
    after = None
    while True:
        page = ask(
            """query ($after: String) {
                 devices(first: 1, after: $after) { nodes { deviceId } pageInfo { hasNextPage endCursor } }
               }""",
            after=after,
        )["devices"]
        yield from (node["deviceId"] for node in page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def main(device_id):
    print("devices:", *device_ids())

    read = ask(
        """query ($id: ID!) {
             device(deviceId: $id) { fumo(maxAge: "PT5M", wait: "PT20S") { state mo { freshness } } }
           }""",
        id=device_id,
    )
    print("fumo:", read["device"]["fumo"]["state"])

    written = ask(
        """mutation ($id: ID!) {
             replaceAcmeMeter(input: { deviceId: $id, interval: 60, wait: "PT20S" }) {
               state commands { address { path } outcome statusCode error { code message } }
             }
           }""",
        id=device_id,
    )["replaceAcmeMeter"]
    print("write:", written["state"])

    # Without `wait` the answer comes at once, and a subscription follows the operation to its end.
    accepted = ask(
        """mutation ($id: ID!) { replaceAcmeMeter(input: { deviceId: $id, interval: 30 }) { id } }""",
        id=device_id,
    )["replaceAcmeMeter"]
    query = "subscription ($id: ID!) { operationChanged(id: $id) { state } }"
    for told in subscribe(query, id=accepted["id"]):
        print("changed:", told["operationChanged"]["state"])

    try:
        ask("mutation { replaceAcmeMeter(input: { deviceId: \"IMEI:0\", interval: 60 }) { id } }")
    except ApiError as error:
        print("error:", error.code)


if __name__ == "__main__":
    main(sys.argv[1])
