// Package store judges and reads a whole event store of Axon Server, on any
// io/fs file system and without a server.
//
// Nouns:
//
//   - A Context is a named stream of events, with snapshots beside it: the
//     files of one directory.
//   - A Series is all segments of one kind in a context. Of a segment that was
//     transformed the highest version counts; the others are superseded.
//   - Continuity: each segment begins with the token that follows the last one
//     of the segment before.
//   - The newest segment may be open; all before it are closed.
//   - A snapshot is ahead of its events where its aggregate has no event with
//     the snapshot's sequence number. A server would serve a state that never
//     was.
//
// Promise: where Verify finds no problem, all events from the first token to
// the last one are there, and each byte of them is as it was written. It reads
// every segment once, several at a time, and its memory does not grow with the
// events: a buffer for each reader, some hundred bytes for each segment, and
// about 100 bytes for each aggregate whose latest snapshot it looks for, of
// which it takes the newest 1,048,576 and says how many it left out.
//
// What it can't see: events that were in the store's newest segment later than
// this copy was made, a store that is another one altogether, and what is in
// the index files.
package store
