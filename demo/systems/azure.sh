# A private server that speaks Azure Blob Storage: Azurite. Sourced by
# systems.sh. Account and key are those of every Azurite; they protect nothing.

azure_program=$(compgen -G "$tools/azurite-*/node_modules/azurite/dist/src/blob/main.js" | sort -V | tail -n 1 || true)
azure_account=devstoreaccount1
azure_key='Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

azure_needs() {
  need node curl openssl
  [ -n "$azure_program" ] || echo "Azurite (below $tools)"
}

azure_begin() {
  mkdir "$room/azure"
  azure_port=$(free_port)
  azure_url=http://127.0.0.1:$azure_port/$azure_account
  secret "$room/azure.key" "$azure_key"
  launch azure TERM '' node "$azure_program" --blobHost 127.0.0.1 --blobPort "$azure_port" \
    --location "$room/azure" --silent --disableTelemetry --skipApiVersionCheck --disableProductStyleUrl
  azure_process=$launched
}

azure_ready() {
  azure_signature=$(azure_sign)
  await azure "$azure_process" azure '' -G -d comp=list
  line 'Azure (Azurite)' "port $azure_port"
}

# azure_sign makes a signature with which the whole account may be used for a
# day: the fields in the order that the service asks for, signed with the key.
azure_sign() {
  local version=2021-12-02 ends hex signature
  ends=$(date -u -d '+1 day' +%FT%TZ)
  hex=$(base64 -d <<<"$azure_key" | od -An -v -tx1 | tr -d ' \n')
  signature=$(printf '%s\nrwdlac\nb\nsco\n\n%s\n\nhttp\n%s\n\n' "$azure_account" "$ends" "$version" |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$hex" -binary | base64)
  signature=${signature//+/%2B}
  printf 'sv=%s&ss=b&srt=sco&sp=rwdlac&spr=http&se=%s&sig=%s' "$version" "$ends" "${signature//\//%2F}"
}

# azure sends a request; its arguments after the path are curl's.
azure() { # PATH [CURL...]
  local path=$1
  shift
  curl -sSf -H 'x-ms-version: 2021-12-02' "$@" "$azure_url/$path?$azure_signature"
}
