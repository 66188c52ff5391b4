package store

// Wrapper is a Store over a Store.
type Wrapper interface {
	Store
	// Unwrap returns the store below.
	Unwrap() Store
}

// Ability looks for an optional ability T, an interface, in s and in the
// stores below it, and returns the first that has it.
func Ability[T any](s Store) (T, bool) {
	for {
		if t, ok := s.(T); ok {
			return t, true
		}
		w, ok := s.(Wrapper)
		if !ok {
			var none T
			return none, false
		}
		s = w.Unwrap()
	}
}
