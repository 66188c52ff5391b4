// Package tree keeps directories and the contents of files as trees of chunks.
//
// Nouns:
//
//   - A Node is one entry of a directory: its name and all that is kept of it.
//   - A Page is a chunk of a directory: either a leaf with nodes in the order
//     of their names, or a table of the pages below with their first names.
//   - A directory is named by the Ref of its top page, a snapshot's tree by
//     that of its root directory.
//   - A ListPage is a chunk of a content list: the data chunks and holes of a
//     long file in order, or a table of the list pages below.
//   - A bundle is a data chunk that holds several small files; a slice is the
//     part of it that is one file.
//
// Promise: equal nodes give equal Refs, whoever writes them. Pages are cut at
// places that depend on names (lists: on chunk ids), so a change of one entry
// rewrites one page a level, and looking up a name, a position or an offset
// reads one page a level, whatever the size of the directory or file. Nothing
// here holds a whole directory in memory. Every decoder refuses what no writer
// would have written; such an error Is chunk.ErrDamaged.
//
// The bytes are described in sections 9 and 10 of doc/format.md.
package tree
