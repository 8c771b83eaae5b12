# Prepares Fastly service SU1Z0isxPaozGVKXdv0eY for glint. Needs the Fastly CLI, signed in.
# Nothing becomes live by it. `glint edge setup … --apply` does the same, and only what is missing.

# Stores belong to the account: one that is there is used.
store_id() {
  fastly "$1-store" list --json | awk -F'"' '$2 == "name" {n = $4} $2 == "id" {i = $4} /}/ && n == "glint" {print i; exit}'
}

# The edge program's settings: how much of an address an event keeps, what privacy signals leave of it, the web pixel's sites.
[ -n "$(store_id config)" ] || fastly config-store create --name=glint
config_store=$(store_id config)
fastly config-store-entry delete --store-id="$config_store" --key=sites
[ -n "$(store_id secret)" ] || fastly secret-store create --name=glint
secret_store=$(store_id secret)

# The secrets of the web pixel. The pipe keeps them off the command line. An error at a deletion means that there is none.
fastly secret-store-entry delete --store-id="$secret_store" --name=events_token
fastly secret-store-entry delete --store-id="$secret_store" --name=visitor_secret

# The service sees a store only when they are linked. An error here means that they are.
fastly service resource-link create --service-id=SU1Z0isxPaozGVKXdv0eY --version=latest --autoclone --resource-id="$config_store" --name=glint
fastly service resource-link create --service-id=SU1Z0isxPaozGVKXdv0eY --version=latest --autoclone --resource-id="$secret_store" --name=glint

# If all of this went well, these make it live and check it:
# fastly service version activate --service-id=SU1Z0isxPaozGVKXdv0eY --version=latest
