#!/bin/sh
# A suggestion, a person's act, the numbers. `--fail-with-body` shows what the server says is wrong, and ends the script.
set -eu
url=${UPTAKE_URL:-http://127.0.0.1:4100}

uptake() {
  path=$1
  shift
  # With retries: the id below makes it safe to send the same again.
  curl --silent --show-error --fail-with-body --retry 3 --retry-connrefused \
    ${UPTAKE_KEY:+--user "$UPTAKE_KEY"} --header 'content-type: application/json' "$url$path" "$@"
  echo
}

# 1. What the agent function suggested. The key of your own stands for this run: sent twice, it is recorded once.
key="ticket-42-$(date +%s)-$$"
receipt=$(uptake /v1/suggestions --data '{
  "idempotencyKey": "'"$key"'",
  "functionName": "draft-reply",
  "ticketId": "42",
  "text": "A refund takes five working days.",
  "model": "gpt-4.1-mini",
  "latencyMs": 840,
  "inputTokens": 120,
  "outputTokens": 9
}')
echo "$receipt"

# 2. What the person sent. Approval, revision or rejection is inferred from it.
uptake /v1/sent --data '{ "ticketId": "42", "finalText": "A refund takes five working days. Sorry!", "agentId": "jo" }'

# 3. How it goes, by agent function, over the last day.
uptake '/v1/metrics?bucket=total&by=function&durations=none'
