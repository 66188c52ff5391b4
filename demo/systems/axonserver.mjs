// Stands in for an Axon Server: it answers the calls of a backup, and nothing
// else, in the words recorded from a real one (testdata/axonserver). Its event
// store is what that real server once wrote. It writes it again when it is told
// to with POST /play?transactions=N, a call that only this stand-in has.
//
//   node axonserver.mjs PORT RECORDED ROOT TOKEN
//
// RECORDED is the recorded store; the events before TOKEN are in ROOT/events from
// the beginning. The token that callers must have is in AXON_TOKEN.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { ends, numbers, Recording, stem } from './recording.mjs';

const [port, recorded, root, begin] = process.argv.slice(2);
const dir = path.join(root, 'events', 'default');
const store = new Recording(path.join(recorded, 'events', 'default'), dir, Number(begin));

// files lists segments, newest first: open ones, and of those that are closed
// those above a number, with their indices behind them.
function files(kind, after) {
  const [data, ...indices] = ends[kind];
  const file = (n, end) => path.join(dir, stem(n) + end);
  const all = numbers(dir, data).reverse();
  const closed = all.filter((n) => fs.existsSync(file(n, indices[0])));
  const wanted = closed.filter((n) => n > after);
  return {
    last: closed[0] ?? -1,
    open: all.filter((n) => !closed.includes(n)).map((n) => file(n, data)),
    closed: [...wanted.map((n) => file(n, data)), ...wanted.flatMap((n) => indices.map((end) => file(n, end)))],
  };
}

// copy answers for the control database, of which a copy was recorded too.
function copy() {
  const at = path.join(root, 'controldb-backup', `controldb${Date.now()}.zip`);
  fs.mkdirSync(path.dirname(at), { recursive: true });
  fs.copyFileSync(path.join(recorded, fs.readdirSync(recorded).find((n) => n.endsWith('.zip'))), at);
  return at;
}

const details = () => ({
  'default.lastEvent': store.events.next - 1, 'default.lastSnapshot': store.snapshots.next - 1,
  'default.waitingEventTransactions': 0, 'default.waitingSnapshotTransactions': 0,
});

// A text is answered as such, all else as JSON.
const calls = {
  'GET /v1/public/me': () => ({
    authentication: true, clustered: false, ssl: false, adminNode: true, storageContextNames: ['default'], contextNames: ['default'],
    name: 'axon-1', hostName: 'localhost', httpPort: Number(port),
  }),
  'GET /v1/public/mycontexts': () => ['default'],
  'GET /v1/public/version': () => ({ productName: 'Axon Server', version: '4.6.12' }),
  'GET /v1/public/license': () => ({ expiryDate: null, edition: 'Standard Edition', licensee: null, featureList: [] }),
  'GET /actuator/health': () => ({ status: 'UP', components: { localEventStore: { status: 'UP', details: details() } } }),
  'GET /v1/backup/eventstore': (query) => {
    const f = files(query.get('type'), Number(query.get('lastClosedSegmentBackedUp') ?? -1));
    return { lastClosedSegment: f.last, filenames: [...f.open, ...f.closed] };
  },
  'GET /v1/backup/filenames': (query) => files(query.get('type'), Number(query.get('lastSegmentBackedUp') ?? -1)).closed,
  'POST /createControlDbBackup': copy,
  'POST /play': (query) => {
    for (let n = Number(query.get('transactions')); n > 0 && store.play(); n--);
    return String(store.events.next);
  },
};

http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const say = (status, value) => typeof value === 'string'
    ? response.writeHead(status, { 'Content-Type': 'text/plain;charset=UTF-8' }).end(value)
    : response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
  const call = calls[`${request.method} ${url.pathname}`];
  if (url.pathname.startsWith('/v1/') && request.headers['axoniq-access-token'] !== process.env.AXON_TOKEN) return say(403, 'Invalid token');
  if (!call) return say(404, { status: 404, error: 'Not Found', path: url.pathname, asVersion: '4.6.12', product: 'Axon Server' });
  try {
    say(200, call(url.searchParams));
  } catch (error) {
    say(500, String(error));
  }
}).listen(Number(port), '127.0.0.1');
