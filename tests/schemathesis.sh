#!/usr/bin/env bash
# Lets schemathesis call every operation that the server describes, with bodies that fit and bodies that do not, and fails on
# a status that is not documented, a body that is not what was documented, and any fault of the server's own. Needs curl.
# `ATELIER_BINARY` is the server; `SCHEMATHESIS` the program (PyPI, MIT), looked for on the path if absent.
set -euo pipefail
cd "$(dirname "$0")"

hooks=$PWD
binary=$(realpath "${ATELIER_BINARY:-${CARGO_TARGET_DIR:-../target}/debug/atelier}")
schemathesis=$(command -v "${SCHEMATHESIS:-schemathesis}")
folder=$(mktemp -d)
server=""
end() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap end EXIT

# Nothing is fetched from elsewhere, whoever asks for it.
export PIP_NO_INDEX=1
printf 'correct horse battery\n' | "$binary" setup --data "$folder" --email ada@example.org --password-stdin >/dev/null
ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE=1000000 "$binary" --data "$folder" --listen 127.0.0.1:0 >"$folder/said" &
server=$!
until [ -s "$folder/said" ]; do read -rt 0.1 <> <(:) || true; done
url=$(sed 's/^Atelier: //; s,/$,,' "$folder/said")

call() { curl --silent --fail --request "$1" "$url/api/v1$2" --header "Authorization: Bearer ${token:-}" --json "$3"; }
field() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
token=$(call POST /auth/login '{"email":"ada@example.org","password":"correct horse battery"}' | field "['accessToken']")
key=$(call POST /auth/keys '{"name":"schemathesis"}' | field "['key']")

# Paths lead into projects with something in them; what a call takes away is made for it (see the hooks).
project=$(call POST /projects/sample '{}' | field "['id']")
record=$(curl --silent --fail "$url/api/v1/projects/$project/scenes?limit=1" --header "Authorization: Bearer $token" \
  | field "['docs'][0]['id']")
conversation=$(call POST /orchestrator/conversations "{\"projectId\":\"$project\"}" | field "['id']")
preview=$(call POST /orchestrator/ingest "{\"projectId\":\"$project\",\"content\":\"name: Ines\"}" | field "['previewId']")
runner=$(call POST /runners '{"name":"forge"}' | field "['id']")
upload=$(call POST "/projects/$project/uploads" '{"filename":"a.fountain","size":10}' | field "['id']")
import=$(call POST "/projects/$project/imports" '{"filename":"a.fountain","content":"INT. A - DAY\n\nX."}' \
  | field "['importId']")

cat >"$folder/schemathesis.toml" <<TOML
[parameters]
"path.id" = "$project"
"path.collection" = "scenes"
"path.record" = "$record"
"path.conversation" = "$conversation"
"path.preview" = "$preview"
"path.upload" = "$upload"
"path.runner" = "$runner"
"path.import" = "$import"
"path.file" = "screenplay.fountain"
"path.department" = "audio"
"path.agent" = "cues"
"path.name" = "try-00000000"
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 409, 413, 415, 422, 429]
TOML

# Of the checks those are on that ask for what this API promises; the others want, for example, that every body that fits a
# schema is taken, and no schema can say that a name must not be blank or that a version was overtaken.
cd "$folder"
export ATELIER_URL=$url ATELIER_TOKEN=$token
export ATELIER_KNOWN_IDS="{\"projectId\":\"$project\",\"conversationId\":\"$conversation\",\"uploadId\":\"$upload\"}"
export PYTHONPATH=$hooks PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=schemathesis_hooks
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance
checks=$checks,response_schema_conformance,negative_data_rejection
pass() {
  "$schemathesis" --config-file schemathesis.toml run "$url/api/openapi.json" --header "Authorization: Bearer $1" \
    --seed 20251121 --workers 1 --max-examples "${SCHEMATHESIS_EXAMPLES:-20}" --phases examples,coverage,fuzzing \
    --request-timeout 30 --no-shrink --continue-on-failure --output-truncate false --checks "$checks" "${@:2}"
}
# A key is turned away from the routes of the account and of the server; who is there themselves reaches every route.
pass "$key" --include-path-regex '/(auth/(me|sessions|keys)|runners|settings/)' "$@"
pass "$token" "$@"
