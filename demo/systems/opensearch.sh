# A private OpenSearch of one node. Sourced by systems.sh.

opensearch_archive=$tools/opensearch-2.19.6.zip

opensearch_needs() {
  need java jar curl jq
  [ -e "$opensearch_archive" ] || echo "OpenSearch ($opensearch_archive)"
}

opensearch_begin() {
  local at=$room/opensearch home
  mkdir -p "$at/snapshots" "$at/tmp"
  (cd "$at" && jar -xf "$opensearch_archive")
  home=$(compgen -G "$at/opensearch-*")
  opensearch_port=$(free_port)
  opensearch_url=http://127.0.0.1:$opensearch_port
  cat >"$home/config/opensearch.yml" <<Y
cluster.name: demonstration
node.name: n1
discovery.type: single-node
network.host: 127.0.0.1
http.port: $opensearch_port
transport.port: 0
path.repo: ["$at/snapshots"]
cluster.routing.allocation.disk.threshold_enabled: false
Y
  give nobody "$at"
  # What the server's own script comes to, with little memory and a quick start.
  launch opensearch TERM nobody env HOME="$at" java \
    -Xms256m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:MaxDirectMemorySize=128m -Xss1m -Xshare:auto \
    -Djava.security.manager=allow -Djava.io.tmpdir="$at/tmp" -Djava.awt.headless=true -Dfile.encoding=UTF-8 -Djava.locale.providers=SPI,COMPAT \
    -Djava.util.concurrent.ForkJoinPool.common.threadFactory=org.opensearch.secure_sm.SecuredForkJoinWorkerThreadFactory \
    -Djna.nosys=true -Dio.netty.noUnsafe=true -Dio.netty.noKeySetOptimization=true -Dio.netty.recycler.maxCapacityPerThread=0 \
    -Dio.netty.allocator.numDirectArenas=0 -Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true \
    -Dopensearch.path.home="$home" -Dopensearch.path.conf="$home/config" -Dopensearch.distribution.type=zip -Dopensearch.bundled_jdk=false \
    -cp "$home/lib/*" org.opensearch.bootstrap.OpenSearch
  opensearch_process=$launched
}

opensearch_ready() {
  await opensearch "$opensearch_process" opensearch '/_cluster/health?wait_for_status=yellow&timeout=5s'
  line OpenSearch "$(opensearch / | jq -r .version.number), port $opensearch_port"
}

# opensearch asks the server; what it is told comes from standard input.
opensearch() { # PATH [METHOD]
  if [ $# = 1 ]; then
    curl -sSf "$opensearch_url$1"
  else
    curl -sSf -X "$2" -H 'Content-Type: application/x-ndjson' --data-binary @- "$opensearch_url$1"
  fi
}
