package sources

// Compare orders paths as Entries yields them: depth first, a directory before
// what is in it, siblings by the bytes of their names. It is the order of the
// bytes with the slash below all others, so "a/z" stands before "a-b".
func Compare(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] == b[i] {
			continue
		}
		switch {
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		case a[i] < b[i]:
			return -1
		}
		return 1
	}
	return len(a) - len(b)
}
