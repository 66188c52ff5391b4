// Package rest asks an Axon Server for what a backup needs: who it is, how far
// it has come, which files are to be copied, and a copy of its control database.
//
// Nouns:
//
//   - The edition decides which requests there are: the standard edition up to
//     4.6, the enterprise edition, and the merged product of 2023 and later.
//   - A list names files on the server's side. Nothing is streamed: whoever
//     asks reads them where they lie.
//   - The watermark is the number of the last closed segment that was copied.
//     The server names what lies above it, and the open segments always.
//   - A Refusal is an answer that is no success, in words.
//
// Promise: the token goes in a header, never in an address, an error or a text;
// a redirect isn't followed, since the token would go along; an answer that
// breaks off is an error; nothing but requests that change nothing is repeated.
package rest
