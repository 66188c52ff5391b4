// Package segment knows the files of an Axon Server event store: their names,
// the bytes of one segment, the events in it.
//
// Nouns:
//
//   - A segment is one file of consecutive events, or of snapshots of
//     aggregates. Its number is the token of the first event in it; the next
//     segment's number is this number plus the count of its events.
//   - A block is what was written at once: up to 32767 events under one CRC.
//   - The end mark follows the last block: -1 where the segment is complete,
//     0 where more may be written. Behind it the file holds zeros only.
//   - A segment is open while its end mark is 0, and closed otherwise.
//
// The bytes, all numbers big endian:
//
//	file   version (1 byte, 2), flags (4 bytes, 0), blocks, end mark (4 bytes), zeros
//	block  size (4 bytes), version (1 byte, 2), count of events (2 bytes),
//	       events, CRC-32 (IEEE) over the events (4 bytes)
//	event  length (4 bytes), a protobuf message of that length
//
// size is that of the events with their lengths. It is written after the
// events, so that 0 says that there is nothing more, or not yet.
//
// Promise: a Verifier finds every change of a single byte of a whole segment,
// though the CRC doesn't cover all of them. It holds no more than one event in
// memory, and nothing of it where nobody asks for events. What isn't in the
// file can't be found: a segment that lost its last blocks, and has zeros in
// their place, is a whole segment of an earlier time.
package segment
