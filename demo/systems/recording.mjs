// An event store that a real Axon Server once wrote, written again transaction by
// transaction, as that server does it: into files that have their full length
// from the beginning, the size of a transaction last.
import fs from 'node:fs';
import path from 'node:path';

const head = 5; // version and flags before the first transaction
export const ends = { EVENT: ['.events', '.index', '.bloom'], SNAPSHOT: ['.snapshots', '.sindex', '.sbloom'] };
export const stem = (number) => String(number).padStart(20, '0');
export const numbers = (dir, end) => fs.readdirSync(dir).filter((n) => n.endsWith(end)).map((n) => Number(n.slice(0, 20))).sort((a, b) => a - b);

// Series is the segments of one kind, the last of which is written to.
class Series {
  constructor(was, is, kind, begin) {
    Object.assign(this, { was, is, ends: ends[kind], next: begin });
    for (const n of numbers(was, this.ends[0]).filter((n) => n < begin)) this.copy(n, this.ends);
    this.start();
  }

  copy(number, which) {
    for (const end of which) fs.copyFileSync(path.join(this.was, stem(number) + end), path.join(this.is, stem(number) + end));
  }

  start() {
    const name = stem(this.next) + this.ends[0];
    this.number = this.next;
    this.bytes = fs.readFileSync(path.join(this.was, name));
    this.file = fs.openSync(path.join(this.is, name), 'wx+');
    fs.ftruncateSync(this.file, this.bytes.length);
    fs.writeSync(this.file, this.bytes, 0, head, 0);
    this.at = head;
  }

  // transaction returns the next one, or nothing where the recording ends. It
  // closes a segment that is complete and begins the one after it.
  transaction() {
    const size = this.bytes.readInt32BE(this.at);
    if (size > 0) return this.bytes.subarray(this.at, this.at + size + 11); // size, version, count, events, checksum
    if (size === 0) return undefined;
    fs.writeSync(this.file, this.bytes, this.at, 4, this.at); // the end mark
    fs.closeSync(this.file);
    this.copy(this.number, this.ends.slice(1));
    this.start();
    return this.transaction();
  }

  write(transaction) {
    fs.writeSync(this.file, transaction, 4, transaction.length - 4, this.at + 4);
    fs.writeSync(this.file, transaction, 0, 4, this.at);
    this.next += transaction.readInt16BE(5);
    this.at += transaction.length;
  }
}

// Recording is the store below one folder, written again below another. It
// begins with all events before a token with which a segment begins.
export class Recording {
  constructor(was, is, token) {
    fs.mkdirSync(is, { recursive: true });
    this.missing = new Map(); // events that are yet to be written, by aggregate
    this.events = new Series(was, is, 'EVENT', token);
    for (const n of numbers(was, '.events').filter((n) => n >= token)) {
      this.count(fs.readFileSync(path.join(was, stem(n) + '.events')), 1);
    }
    this.snapshots = new Series(was, is, 'SNAPSHOT', numbers(was, '.snapshots').at(-1));
    this.follow();
  }

  count(bytes, by) {
    for (const [name] of bytes.toString('latin1').matchAll(/order-\d{6}/g)) this.missing.set(name, (this.missing.get(name) ?? 0) + by);
  }

  // follow writes the snapshots of aggregates whose events are all there: one
  // that is ahead of its events would be a state that never was.
  follow() {
    for (let t; (t = this.snapshots.transaction()); this.snapshots.write(t)) {
      const [name] = t.toString('latin1').match(/order-\d{6}/);
      if (this.missing.get(name) > 0) return;
    }
  }

  // play writes one transaction of events, and tells whether there was one.
  play() {
    const t = this.events.transaction();
    if (!t) return false;
    this.events.write(t);
    this.count(t, -1);
    this.follow();
    return true;
  }
}
