// Package log keeps the repository's log: the one place that decides what
// exists. It needs neither locks nor clocks.
//
// # Nouns
//
//   - An entry is an immutable object log/<n>. It carries the hash of entry
//     n-1, a sealed body and the signature of its writer.
//   - A body says what the entry changes: Commit, Forget, Mark, Keep, Sweep. A
//     Whole changes nothing: it repeats all that lives, so that a reader can
//     begin there.
//   - The head is the number and the hash of the newest entry that was read.
//   - A State is the outcome of all entries up to its head. It never changes;
//     reading on gives another State.
//   - To win slot n is to be the one whose put-if-absent made log/<n>.
//   - A pack is live when a live index file names it, garbage when it is live
//     and no live snapshot needs a chunk of which it holds the only copy, an
//     orphan when no live index file names it.
//   - A run is one backup; a keep tells others what a run under way relies on.
//   - The base of a writer is the State from which it looked up what is stored:
//     only in index files that the base names, live ones or those of keeps.
//
// # Promise
//
// An entry is appended only by winning slot head+1 with a body computed from
// the State at that head. So every body was decided with the knowledge of all
// entries before it, whatever else runs, stops or is slow.
//
// # Why no committed snapshot loses a chunk
//
// Three rules; the first two are for sweepers, the third is for writers.
//
//  1. A Sweep is computed from the State just before it: every chunk that a
//     live snapshot of that State needs stands in a live pack that stays.
//  2. A Sweep that removes a pack also removes each live index file that names
//     it, and ends each kept run with an index file that names it. Objects are
//     removed only after the Sweep was won. (CanSweep)
//  3. A Commit or Keep is appended only where no Sweep between the writer's
//     base and its slot removed a pack or an index file that it relies on, and
//     where none of these came while the parent, whose subtrees it takes over
//     unread, had been forgotten. A Commit lists every index file that is not
//     live and names a pack that it relies on. What an earlier State named and
//     the base does not, not even by a keep, it must not use: the sweep that
//     ended it lies before the base and is not seen any more. (CanCommit,
//     State.Names)
//
// Take a Commit in slot n and a chunk c that it needs. At the base, c stood in
// a pack P that a live or kept index file named, or the writer put it into a
// pack P of its own, or a parent that was live then needed it. By rule 3 no Sweep before n removed P, so P is
// live after n; or each Sweep up to n came while the parent lived and left a
// live copy of c by rule 1. So after n there is a live copy of c. From then on
// the snapshot is live, and each Sweep leaves a copy by rule 1, until it is
// forgotten. Rule 2 keeps "live" and "kept" truthful: such an index file names
// no swept pack, thus later writers never begin with one. A writer or a sweeper that
// stops anywhere leaves orphans or packs not yet removed, never less than what
// the log says. Pack names never come again, as each pack has its own key.
//
// Marks, keeps and times only spare work: a running backup whose packs were
// swept must upload them again, but it is told so.
//
// # What is checked
//
// Each entry's head, number, signature, chain hash and body; that its writer
// may write such a body; that it agrees with the State before it. Anything else
// is an error that Is chunk.ErrDamaged and names the entry. A store whose log
// is shorter than, or differs from, what this machine has read is a
// RollbackError.
//
// An absent entry is the end of the log only where nothing stands beyond. A
// later entry can only have been made after the one before it was read; so a
// gap is a lost or hidden object. To take it for the end would be worse than an
// error: a sweep decided there would ignore the commits beyond it. Therefore
// the first read, and each append before its put, look at three numbers past
// the end. A store that hides more than that in one piece is caught by the
// chain (the entries beyond no longer fit) or by the cache.
//
// No function starts a goroutine. Times are handed in and are informative.
package log
