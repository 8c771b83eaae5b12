# Prepares Fastly service SU1Z0isxPaozGVKXdv0eY for glint. Needs the Fastly CLI, signed in.
# It makes nothing live. `glint edge setup … --apply` does the same, but only changes what is missing or differs.

# Stores belong to the account; an existing store is reused.
store_id() {
  fastly "$1-store" list --json | awk -F'"' '$2 == "name" {n = $4} $2 == "id" {i = $4} /}/ && n == "glint" {print i; exit}'
}

# The edge program's settings: the precision of addresses, the treatment of privacy signals, the web pixel's sites.
[ -n "$(store_id config)" ] || fastly config-store create --name=glint
config_store=$(store_id config)
fastly config-store-entry update --upsert --store-id="$config_store" --key=ip_precision --value=none
fastly config-store-entry update --upsert --store-id="$config_store" --key=privacy_signals --value=aggregate
[ -n "$(store_id secret)" ] || fastly secret-store create --name=glint
secret_store=$(store_id secret)

# The keys that let the edge mark bad tokens; ingest checks them in any case. The file keeps them off the command line.
fastly secret-store-entry create --recreate-allow --store-id="$secret_store" --name=pixel_keys --file=/var/lib/glint/keys/pixel.keys

# The service sees a store only if it is linked. An error here means that it is linked already.
fastly service resource-link create --service-id=SU1Z0isxPaozGVKXdv0eY --version=7 --resource-id="$config_store" --name=glint
fastly service resource-link create --service-id=SU1Z0isxPaozGVKXdv0eY --version=7 --resource-id="$secret_store" --name=glint

# The endpoint for log lines: newline-delimited JSON without a syslog prefix, every 10s, with the ingest token.
# While it runs, other users of this machine can read the token in the list of processes; --apply avoids that.
[ -n "${GLINT_INGEST_TOKEN:-}" ] || GLINT_INGEST_TOKEN=$(sed -n 's/^GLINT_INGEST_TOKEN=//p' /var/lib/glint/credentials.env)

# The backend of the recipient's page, /preferences/….
fastly service backend create --service-id=SU1Z0isxPaozGVKXdv0eY --version=7 --name=ingest \
  --address=ingest.example.com \
  --port=443 \
  --override-host=ingest.example.com \
  --ssl-cert-hostname=ingest.example.com \
  --ssl-sni-hostname=ingest.example.com \
  --connect-timeout=5000 \
  --first-byte-timeout=35000 \
  --between-bytes-timeout=10000
fastly service backend update --service-id=SU1Z0isxPaozGVKXdv0eY --version=7 --name=ingest --use-ssl
fastly service logging https create --service-id=SU1Z0isxPaozGVKXdv0eY --version=7 --name=opens \
  --url=https://ingest.example.com/v1/logs \
  --method=POST \
  --content-type=application/x-ndjson \
  --json-format=2 \
  --message-type=blank \
  --placement=none \
  --compression-codec=zstd \
  --period=10 \
  --request-max-bytes=16777216 \
  --request-max-entries=10000 \
  --header-name=Authorization \
  --header-value="Bearer $GLINT_INGEST_TOKEN"

# The archive: lines that were lost on the way to ingest can be sent again from it. Set its variables first, if there are any.
fastly service logging s3 create --service-id=SU1Z0isxPaozGVKXdv0eY --version=7 --name=opens_archive \
  --bucket='it'\''s mine' \
  --domain=eu-central.object.fastlystorage.app \
  --path=opens/ \
  --message-type=blank \
  --placement=none \
  --compression-codec=zstd \
  --period=600 \
  --access-key="$GLINT_ARCHIVE_ACCESS_KEY" \
  --secret-key="$GLINT_ARCHIVE_SECRET_KEY"

# Before it posts, Fastly asks ingest whether this service may log: the page must have the line
#   66b01d440c79400570c755aad9d589af5368719067c13fee58710a7198db2de8
# or *. `glint up --fastly-service SU1Z0isxPaozGVKXdv0eY` (or `glint serve …`) answers with it.
curl -fsS https://ingest.example.com/.well-known/fastly/logging/challenge | grep -xE '66b01d440c79400570c755aad9d589af5368719067c13fee58710a7198db2de8|\*'

# If all of this went well, these make it live and check it:
# fastly service version activate --service-id=SU1Z0isxPaozGVKXdv0eY --version=7
# glint doctor https://YOUR-PIXEL --ingest-url https://ingest.example.com --service-id SU1Z0isxPaozGVKXdv0eY
