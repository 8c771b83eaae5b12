# Prepares Fastly service SU1Z0isxPaozGVKXdv0eY for glint. Needs the Fastly CLI, signed in.
# It makes nothing live. `glint edge setup … --apply` does the same, but only changes what is missing or differs.

# Stores belong to the account; an existing store is reused.
store_id() {
  fastly "$1-store" list --json | awk -F'"' '$2 == "name" {n = $4} $2 == "id" {i = $4} /}/ && n == "glint" {print i; exit}'
}

# The edge program's settings: the precision of addresses, the treatment of privacy signals, the web pixel's sites.
[ -n "$(store_id config)" ] || fastly config-store create --name=glint
config_store=$(store_id config)
fastly config-store-entry delete --store-id="$config_store" --key=sites
[ -n "$(store_id secret)" ] || fastly secret-store create --name=glint
secret_store=$(store_id secret)

# The secrets of the web pixel. The pipe keeps them off the command line. An error of a deletion means that there is nothing to delete.
fastly secret-store-entry delete --store-id="$secret_store" --name=events_token
fastly secret-store-entry delete --store-id="$secret_store" --name=visitor_secret

# The service sees a store only if it is linked. An error here means that it is linked already.
fastly service resource-link create --service-id=SU1Z0isxPaozGVKXdv0eY --version=latest --autoclone --resource-id="$config_store" --name=glint
fastly service resource-link create --service-id=SU1Z0isxPaozGVKXdv0eY --version=latest --autoclone --resource-id="$secret_store" --name=glint

# If all of this went well, these make it live and check it:
# fastly service version activate --service-id=SU1Z0isxPaozGVKXdv0eY --version=latest
