#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-only
# export RECALL_URL=https://recall.example.cn RECALL_TOKEN=... RECALL_CFG=...
# sh ask.sh LTZTEST18SA000001
#
# The message comes by standard input: a token among the arguments of a program could
# be read by everybody on the machine.
curl --silent --show-error --max-time 3 --retry 2 \
    --header 'Content-Type: application/json' --data @- \
    "$RECALL_URL/recall/v1/share" <<END
{
  "api_exchange_token": "$RECALL_TOKEN",
  "api_exchange_cfg": "$RECALL_CFG",
  "api_exchange_vin": "$1"
}
END
