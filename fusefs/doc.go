// Package fusefs shows the snapshots of a repository as a read-only file
// system.
//
// Nouns:
//
//   - A Vault tells which snapshots there are; it is asked again while the
//     mount lives, so that new snapshots appear and forgotten ones vanish.
//   - A view is a snapshot's tree at one place of the mount: the same snapshot
//     has one below snapshots, one below ids, one below each of its tags.
//   - A folder is a directory of the mount itself, such as snapshots or
//     versions; its entries come and go.
//   - A place is the position of an entry in its directory. A node id, by
//     which the kernel names what it knows, is a directory's number and a
//     place in it, so that nothing is kept for a file that the kernel knows.
//
// Layout of a mount:
//
//	snapshots/<time>                 and snapshots/latest, a symbolic link
//	ids/<id>
//	hosts/<host>/<time>              and latest
//	tags/<tag>/<time>                and latest
//	systems/<name>/<time>            and latest, the newest that is whole
//	versions/<path>/<time><ext>      every distinct version of the file path
//
// Promise: what is read is what was saved, or an error; a damaged chunk is EIO
// for the files that need it and for nothing else. Memory does not grow with
// the number of files, only, by about 200 bytes each, with the directories
// that the kernel holds. Entries of a snapshot never change, and the kernel is
// told so: it asks once. An interrupted reader never fails another one. The
// process that serves a mount must not use it.
package fusefs
