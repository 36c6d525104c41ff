#!/bin/sh
# Writes the application's identity from the environment and becomes the object store.
set -eu
umask 077
cat >/tmp/s3.json <<JSON
{"identities": [{"name": "casework",
  "credentials": [{"accessKey": "$S3_ACCESS_KEY", "secretKey": "$S3_SECRET_KEY"}],
  "actions": ["Read:casework", "List:casework", "Write:casework", "Tagging:casework"]}]}
JSON
# Without -disableHttp and the four signing keys anyone on the network could read and write every object.
export WEED_JWT_SIGNING_KEY="$S3_SIGNING_KEY" WEED_JWT_SIGNING_READ_KEY="$S3_SIGNING_KEY"
export WEED_JWT_FILER_SIGNING_KEY="$S3_SIGNING_KEY" WEED_JWT_FILER_SIGNING_READ_KEY="$S3_SIGNING_KEY"
# The bucket is made once the filer answers; making it again is refused and harmless.
(
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        sleep 5
        if echo 's3.bucket.list' | weed shell -master=127.0.0.1:9333 2>/dev/null | grep -q casework; then break; fi
        echo 's3.bucket.create -name casework' | weed shell -master=127.0.0.1:9333 >/dev/null 2>&1 || true
    done
) &
exec weed -logtostderr=true server -dir=/data -ip=127.0.0.1 -ip.bind=0.0.0.0 \
    -master.telemetry=false -master.electionTimeout=1s -master.volumeSizeLimitMB=1024 \
    -volume.max=0 -volume.preStopSeconds=0 -filer -disableHttp \
    -s3 -s3.port=8333 -s3.port.iceberg=0 -s3.port.lance=0 -s3.config=/tmp/s3.json -s3.iam=false
