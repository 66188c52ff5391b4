# A private server that speaks S3: versitygw. Sourced by systems.sh.

s3_program=$(compgen -G "$tools/versitygw-*/versitygw" | sort -V | tail -n 1 || true)

s3_needs() {
  need curl
  [ -n "$s3_program" ] || echo "versitygw (below $tools)"
}

s3_begin() {
  local at=$room/s3
  mkdir -p "$at/data" "$at/meta"
  s3_port=$(free_port)
  s3_url=http://127.0.0.1:$s3_port
  secret "$room/s3.access" demonstration
  secret "$room/s3.secret" "$(word)"
  secret "$room/s3.curl" "$(printf 'user = "demonstration:%s"\naws-sigv4 = "aws:amz:us-east-1:s3"\nheader = "x-amz-content-sha256: UNSIGNED-PAYLOAD"' "$(<"$room/s3.secret")")"
  ROOT_ACCESS_KEY=demonstration ROOT_SECRET_KEY=$(<"$room/s3.secret") \
    launch s3 TERM '' "$s3_program" --port "127.0.0.1:$s3_port" --quiet posix --sidecar "$at/meta" \
    --default-etag d41d8cd98f00b204e9800998ecf8427e "$at/data"
  s3_process=$launched
}

s3_ready() {
  await s3 "$s3_process" s3 /
  line 'S3 (versitygw)' "port $s3_port"
}

# s3 sends a request; its arguments after the path are curl's.
s3() { # PATH [CURL...]
  local path=$1
  shift
  curl -sSf -K "$room/s3.curl" "$@" "$s3_url$path"
}
