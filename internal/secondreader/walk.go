package secondreader

import "fmt"

// Walk calls fn for every entry of a snapshot with its path, which has no
// slash in front: a directory before its entries, these sorted by name. Once
// all of a directory's entries were seen, leave is called for it; leave may
// be nil.
func (v *Vault) Walk(s Snapshot, fn, leave func(path string, e *Entry) error) error {
	_, err := v.walk(s.root, "", fn, leave)
	return err
}

func (v *Vault) walk(top ref, prefix string, fn, leave func(string, *Entry) error) (sum totals, err error) {
	err = v.directory(top, func(e *Entry) error {
		path := prefix + string(e.Name)
		if err := fn(path, e); err != nil {
			return err
		}
		if e.Type == File {
			sum.files++
			sum.bytes += e.Size
		}
		if e.Type != Directory {
			return nil
		}
		below, err := v.walk(e.top, path+"/", fn, leave)
		if err != nil {
			return err
		}
		if below != e.below {
			return fmt.Errorf("%q: holds %d files with %d bytes, its entry says %d with %d", path, below.files, below.bytes, e.below.files, e.below.bytes)
		}
		sum.files += below.files
		sum.bytes += below.bytes
		if leave == nil {
			return nil
		}
		return leave(path, e)
	})
	if err != nil {
		return sum, fmt.Errorf("/%s: %w", prefix, err)
	}
	return sum, nil
}
