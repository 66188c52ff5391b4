package store

// Reuser is the ability of a store to read into memory that was read into
// before. Who got bytes by Get, from the store or through wrappers over it, and
// needs them no more may give them to Reuse, once; nobody has to. A wrapper that
// keeps bytes which it passed on must have the ability itself, and do nothing.
type Reuser interface {
	Reuse(p []byte)
}
